using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Actors.Tests.Flat;

/// <summary>The smallest IOMMU that can go wrong: for each stream one control and one table register, a one-level table in memory, an IOTLB that keeps
/// what it has until it is told otherwise.</summary>
public sealed class FlatIommu : IIommu
{
    public const int Streams = 64;
    public const int PageShift = 12;
    public const int TableEntries = 1 << 17;
    public const ulong Invalidate = 0;
    public const ulong Status = 4;
    public const ulong Resume = 8;
    public const ulong ControlBase = 0x100;
    public const ulong TableBase = 0x400;

    private readonly PhysicalMemory _memory;
    private readonly Register[] _control;
    private readonly Register[] _table;
    private readonly Register _status;
    private readonly Queue<DmaRequest> _held = new();
    private readonly Queue<DmaRequest> _released = new();

    public FlatIommu(PhysicalMemory memory, IotlbGeometry geometry)
    {
        _memory = memory;
        Iotlb = new Iotlb(geometry);
        Registers = new RegisterFile(Name, 0x1000);
        Registers.Add(Invalidate, 4, "INVALIDATE", RegisterAccess.WriteOnly, fields: "stream", onWrite: stream => Iotlb.Invalidate(new OfStream(stream)));
        _status = Registers.Add(Status, 4, "STATUS", RegisterAccess.WriteOneToClear, fields: "[0] fault");
        Registers.Add(Resume, 4, "RESUME", RegisterAccess.WriteOnly, fields: "ends what is held", onWrite: _ => ReleaseHeld());
        _control = Registers.AddArray(ControlBase, Streams, 4, 4, "CONTROL", fields: "0 block, 1 translate, 2 bypass, 3 hold");
        _table = Registers.AddArray(TableBase, Streams, 8, 8, "TABLE", fields: "address");
    }

    public string Name => "flat";

    public RegisterFile Registers { get; }

    public Iotlb Iotlb { get; }

    public FaultLog Faults { get; } = new();

    public bool InterruptAsserted => _status.Value != 0;

    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(requests[i]);
    }

    public int TakeResumed(Span<ResumedDma> resumed)
    {
        var count = 0;
        while (count < resumed.Length && _released.TryDequeue(out var request))
            resumed[count++] = new ResumedDma(request, new DmaCompletion(default, DmaStatus.Aborted, request.Tag));
        return count;
    }

    private void ReleaseHeld()
    {
        while (_held.TryDequeue(out var request))
            _released.Enqueue(request);
    }

    private DmaCompletion Translate(in DmaRequest request)
    {
        var stream = request.Stream.Value;
        ref readonly var hit = ref Iotlb.Find(stream, request.Iova.Value);
        if (!Unsafe.IsNullRef(in hit))
            return new DmaCompletion(new PhysicalAddress(hit.Translate(request.Iova.Value)), DmaStatus.Completed, request.Tag);
        var control = _control[stream].Value;
        if (control == 2)
            return new DmaCompletion(new PhysicalAddress(request.Iova.Value), DmaStatus.Completed, request.Tag);
        if (control == 3)
        {
            _held.Enqueue(request);
            return new DmaCompletion(default, DmaStatus.Stalled, request.Tag);
        }

        var page = request.Iova.Value >> PageShift;
        if (control != 1 || page >= TableEntries || !_memory.TryRead64(_table[stream].Value + (page * 8), out var entry) || (entry & 1) == 0)
        {
            _status.Value = 1;
            Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, control == 1 ? FaultReason.NotPresent : FaultReason.StreamBlocked, 0));
            return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
        }

        var found = new IotlbEntry { Tag = stream, Iova = request.Iova.Value, Output = entry & ~0xfffUL, PageShift = PageShift };
        Iotlb.Insert(found);
        return new DmaCompletion(new PhysicalAddress(found.Translate(request.Iova.Value)), DmaStatus.Completed, request.Tag);
    }

    private readonly struct OfStream(ulong stream) : IIotlbSelector
    {
        public bool Selects(in IotlbEntry entry) => entry.Tag == stream;
    }
}
