using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Devices;

/// <summary>A device's DMA engine in virtual time: sends its DMAs through the IOMMU one by one and keeps them, with their answers and latencies, until somebody who watches takes them.</summary>
/// <remarks>Engines of a platform send in the order of virtual time. Not for several threads at once.</remarks>
/// <param name="port">How the device is connected.</param>
/// <param name="stream">The stream that its DMA carries.</param>
/// <param name="emptied">Called when the record is full or <see cref="Flush"/> is: takes what is in it and gives an empty one by <see cref="Record"/>.</param>
public sealed class DmaEngine(DmaPort port, StreamId stream, Action<DmaEngine> emptied)
{
    private DmaRequest[] _requests = [];
    private DmaCompletion[] _completions = [];
    private int[] _latencies = [];

    /// <summary>DMAs in the record.</summary>
    public int Count { get; private set; }

    /// <summary>DMAs sent in all.</summary>
    public long Sent { get; private set; }

    /// <summary>Bytes of the DMAs that were completed.</summary>
    public long Bytes { get; private set; }

    /// <summary>When the last DMA to be done is done.</summary>
    public long LastDone { get; private set; }

    /// <summary>The stream that its DMA carries.</summary>
    public StreamId Stream => stream;

    /// <summary>Begins an empty record.</summary>
    /// <param name="requests">Receives the DMAs.</param>
    /// <param name="completions">Receives their answers; as long.</param>
    /// <param name="latencies">Receives their latencies in nanoseconds, cut to int; as long.</param>
    public void Record(DmaRequest[] requests, DmaCompletion[] completions, int[] latencies)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(completions);
        ArgumentNullException.ThrowIfNull(latencies);
        (_requests, _completions, _latencies, Count) = (requests, completions, latencies, 0);
    }

    /// <summary>When a DMA can be issued.</summary>
    /// <param name="earliest">When the device wants to.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="access">Its direction.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long IssueTime(long earliest, int length, DmaAccess access) => port.IssueTime(earliest, length, access == DmaAccess.Write);

    /// <summary>Sends one DMA.</summary>
    /// <param name="iova">Where to.</param>
    /// <param name="access">Its direction.</param>
    /// <param name="length">Its bytes; it does not cross a 4 KiB boundary.</param>
    /// <param name="earliest">When the device wants to.</param>
    /// <returns>When it is done.</returns>
    public long Send(ulong iova, DmaAccess access, int length, long earliest)
    {
        if (Count == _requests.Length)
            emptied(this);
        var slot = Count++;
        ref var request = ref _requests[slot];
        request = new DmaRequest(stream, new Iova(iova), access, (ushort)length) { Tag = (ushort)slot };
        var done = port.Transfer(request, earliest);
        _completions[slot] = port.Completion;
        _latencies[slot] = (int)Math.Min(int.MaxValue, (done - port.Issued) / VirtualTime.Nanosecond);
        Sent++;
        if (done > LastDone)
            LastDone = done;
        if (port.Completion.Status == DmaStatus.Completed)
            Bytes += length;
        else if (port.Completion.Status == DmaStatus.Stalled)
            emptied(this);
        return done;
    }

    /// <summary>Hands over what is in the record.</summary>
    public void Flush()
    {
        if (Count > 0)
            emptied(this);
    }
}
