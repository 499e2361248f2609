using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Tests.Survey.Toy;

/// <summary>An IOMMU with one stream, a flat table of 64 KiB pages, and two caches that are flushed one by one: the table's address is kept until it is
/// flushed, and so is every translation, whatever became of the table.</summary>
internal sealed class ToyIommu : IIommu
{
    private readonly PhysicalMemory _memory;
    private readonly bool _identityWithoutTable;
    private readonly Register _table;
    private readonly Dictionary<ulong, ulong> _translations = [];
    private ulong? _cachedTable;

    public ToyIommu(PhysicalMemory memory, bool identityWithoutTable)
    {
        (_memory, _identityWithoutTable) = (memory, identityWithoutTable);
        Registers = new RegisterFile("toy", 0x1000);
        _table = Registers.Add(ToyRegisters.Table, 4, "TABLE");
        Registers.Add(ToyRegisters.FlushConfiguration, 4, "FLUSH_CONFIGURATION", RegisterAccess.WriteOnly, onWrite: _ => _cachedTable = null);
        Registers.Add(ToyRegisters.FlushTranslations, 4, "FLUSH_TRANSLATIONS", RegisterAccess.WriteOnly, onWrite: _ => _translations.Clear());
    }

    public string Name => "toy";

    public RegisterFile Registers { get; }

    public Iotlb? Iotlb => null;

    public FaultLog Faults { get; } = new();

    public bool InterruptAsserted => false;

    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(requests[i]);
    }

    private DmaCompletion Translate(in DmaRequest request)
    {
        var page = request.Iova.Value >> 16;
        if (!_translations.TryGetValue(page, out var frame))
        {
            var table = _cachedTable ??= _table.Value;
            if (table == 0 && _identityWithoutTable)
                return new DmaCompletion(new PhysicalAddress(request.Iova.Value), DmaStatus.Completed, request.Tag);
            var entry = table == 0 ? 0 : _memory.Read64(table + ((page & 0x3ff) * 8));
            if (entry == 0)
            {
                Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, table == 0 ? FaultReason.StreamBlocked : FaultReason.NotPresent, 7));
                return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
            }

            _translations[page] = frame = entry & ~0xfffUL;
        }

        return new DmaCompletion(new PhysicalAddress(frame | (request.Iova.Value & 0xffff)), DmaStatus.Completed, request.Tag);
    }
}
