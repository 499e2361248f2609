using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Timing;

/// <summary>A device's way through its IOMMU in virtual time: the silicon says where each DMA lands and whether its IOTLB knew, the timers say when.</summary>
/// <remarks>DMAs of one IOMMU are to be sent in the order of their issue. A DMA that is refused, or held, is over when it has been translated, and so is its
/// tag or slot: a [model] choice. Allocates nothing.</remarks>
/// <param name="unit">The IOMMU instance; one without IOTLB never walks.</param>
/// <param name="timer">Its clock, shared by all devices behind it.</param>
/// <param name="requests">The device's clock.</param>
public sealed class DmaPort(IIommu unit, TranslationTimer timer, RequestTimer requests)
{
    private readonly IIommu _unit = unit;
    private readonly Iotlb? _iotlb = unit.Iotlb;
    private DmaCompletion _completion;

    /// <summary>When the last DMA was issued.</summary>
    public long Issued { get; private set; }

    /// <summary>The silicon's answer to the last DMA.</summary>
    public ref readonly DmaCompletion Completion => ref _completion;

    /// <summary>When a DMA can be issued.</summary>
    /// <param name="earliest">When the device wants to.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="isWrite">Its direction.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long IssueTime(long earliest, int length, bool isWrite) => requests.IssueTime(earliest, length, isWrite);

    /// <summary>Sends a DMA as soon as it can be issued.</summary>
    /// <param name="request">The DMA.</param>
    /// <param name="earliest">When the device wants to.</param>
    /// <returns>When it is done.</returns>
    public long Transfer(in DmaRequest request, long earliest)
    {
        var isWrite = request.IsWrite;
        var issued = requests.IssueTime(earliest, request.Length, isWrite);
        var arrival = issued + requests.Upstream;
        var iotlb = _iotlb;
        var (fills, misses) = iotlb == null ? default : (iotlb.Fills, iotlb.Misses);
        _unit.Translate(MemoryMarshal.CreateReadOnlySpan(in request, 1), MemoryMarshal.CreateSpan(ref _completion, 1));
        // What is passed through misses without a walk.
        var walked = iotlb != null && (iotlb.Fills != fills || (iotlb.Misses != misses && _completion.Status != DmaStatus.Completed));
        var translated = walked
            ? timer.Miss(arrival, request.Stream.Value, request.Iova.Value, isWrite)
            : timer.Hit(arrival, request.Stream.Value, request.Iova.Value);
        Issued = issued;
        return requests.Complete(issued, translated, request.Length, isWrite, hasData: _completion.Status == DmaStatus.Completed);
    }
}
