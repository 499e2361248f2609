using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.TegraGart;

/// <summary>Tegra20's graphics address relocation table: one window of addresses that is remapped page by page, for every bus master alike. What lies outside passes untranslated, always.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/tegra-gart.c, drivers/memory/tegra/mc.c. The entries are in the unit itself: there is no table in memory and no cache. Not modelled: security violations.</remarks>
public sealed class TegraGartIommu : IIommu
{
    private const int PageShift = 12;
    private const ulong OffsetMask = 0xfff;

    private readonly PhysicalMemory _memory;
    private readonly ulong _base;
    private readonly uint[] _entries;
    private readonly Register _configuration;
    private readonly Register _selected;
    private readonly Register _status;
    private readonly Register _mask;
    private readonly Register _errorRequest;
    private readonly Register _errorAddress;
    private readonly Register _decodeStatus;
    private readonly Register _decodeAddress;

    /// <summary>Makes a unit that is off; its entries hold nothing (in the chip they are undefined).</summary>
    /// <exception cref="ArgumentException">The aperture is not made of whole pages below 4 GiB.</exception>
    public TegraGartIommu(string name, PhysicalMemory memory, TegraGartOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        options ??= new TegraGartOptions();
        if (((options.ApertureBase | options.ApertureSize) & OffsetMask) != 0 || options.ApertureSize == 0 || options.ApertureBase + options.ApertureSize > 1UL << 32)
            throw new ArgumentException($"an aperture of 0x{options.ApertureSize:x} bytes at 0x{options.ApertureBase:x} is not made of whole pages below 4 GiB", nameof(options));
        (_memory, _base) = (memory, options.ApertureBase);
        _entries = new uint[options.ApertureSize >> PageShift];
        Registers = new RegisterFile(name, TegraGartRegisters.WindowSize);
        _status = Registers.Add(
            TegraGartRegisters.InterruptStatus, 4, "MC_INTSTATUS", RegisterAccess.WriteOneToClear, fields: "[6] decode error, [7] invalid GART page, [8] security violation");
        _mask = Registers.Add(TegraGartRegisters.InterruptMask, 4, "MC_INTMASK", fields: "the bits that interrupt");
        _configuration = Registers.Add(TegraGartRegisters.Configuration, 4, "GART_CONFIG", fields: "[0] enable; a read drains entry writes");
        _selected = Registers.Add(TegraGartRegisters.EntryAddress, 4, "GART_ENTRY_ADDR", fields: "[31:12] input address of the entry");
        Registers.Add(
            TegraGartRegisters.EntryData, 4, "GART_ENTRY_DATA", fields: "[31] valid, [30:12] page", onRead: () => Selected is { } read ? _entries[read] : 0, onWrite: Store);
        _errorRequest = Registers.Add(TegraGartRegisters.ErrorRequest, 4, "MC_GART_ERROR_REQ", RegisterAccess.ReadOnly, fields: "[0] write, [6:1] client");
        _errorAddress = Registers.Add(TegraGartRegisters.ErrorAddress, 4, "MC_GART_ERROR_ADDR", RegisterAccess.ReadOnly);
        _decodeStatus = Registers.Add(TegraGartRegisters.DecodeErrorStatus, 4, "MC_DECERR_EMEM_OTHERS_STATUS", RegisterAccess.ReadOnly, fields: "[31] write, [5:0] client");
        Registers.Add(TegraGartRegisters.SecurityViolationStatus, 4, "MC_SECURITY_VIOLATION_STATUS", RegisterAccess.ReadOnly, fields: "[31] write, [5:0] client; never set here");
        Registers.Add(TegraGartRegisters.SecurityViolationAddress, 4, "MC_SECURITY_VIOLATION_ADR", RegisterAccess.ReadOnly, fields: "never set here");
        _decodeAddress = Registers.Add(TegraGartRegisters.DecodeErrorAddress, 4, "MC_DECERR_EMEM_OTHERS_ADR", RegisterAccess.ReadOnly);
    }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb? Iotlb => null;

    /// <inheritdoc/>
    /// <remarks>The code is the bit number in MC_INTSTATUS.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>Faults that left no record, because one of their kind was there already.</summary>
    public long UnrecordedFaults { get; private set; }

    /// <inheritdoc/>
    public bool InterruptAsserted => (_status.Value & _mask.Value) != 0;

    private int? Selected
    {
        get
        {
            var index = (_selected.Value - _base) >> PageShift;
            return _selected.Value >= _base && index < (ulong)_entries.Length ? (int)index : null;
        }
    }

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(in requests[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static DmaCompletion Land(in DmaRequest request, ulong address) => new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request)
    {
        var iova = request.Iova.Value;
        var entries = _entries;
        var index = (iova - _base) >> PageShift;
        if (iova < _base || index >= (ulong)entries.Length)
            return _memory.IsRam(iova) ? Land(in request, iova) : NotDecoded(in request);
        var entry = entries[index];
        return (entry & TegraGartRegisters.Valid) != 0 && (_configuration.Value & TegraGartRegisters.Enable) != 0
            ? Land(in request, (entry & TegraGartRegisters.PageMask) | (iova & OffsetMask))
            : NotMapped(in request);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion NotMapped(in DmaRequest request)
    {
        if (Latch(in request, TegraGartRegisters.InvalidPage, FaultReason.NotPresent))
        {
            _errorRequest.Value = (Client(in request) << 1) | Write(in request);
            _errorAddress.Value = (uint)request.Iova.Value;
        }

        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion NotDecoded(in DmaRequest request)
    {
        if (Latch(in request, TegraGartRegisters.DecodeError, FaultReason.AddressSize))
        {
            _decodeStatus.Value = (Write(in request) << 31) | Client(in request);
            _decodeAddress.Value = (uint)request.Iova.Value;
        }

        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    private bool Latch(in DmaRequest request, uint cause, FaultReason reason)
    {
        if ((_status.Value & cause) != 0)
        {
            UnrecordedFaults++;
            return false;
        }

        _status.Value |= cause;
        Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, reason, (ushort)uint.TrailingZeroCount(cause)));
        return true;
    }

    private static ulong Client(in DmaRequest request) => request.Stream.Value & TegraGartRegisters.LastClient;

    private static ulong Write(in DmaRequest request) => request.Access == DmaAccess.Write ? 1u : 0;

    private void Store(ulong value)
    {
        if (Selected is { } index)
            _entries[index] = (uint)value;
    }
}
