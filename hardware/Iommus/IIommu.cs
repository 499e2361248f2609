using Emulator.Hardware.Dma;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus;

/// <summary>
/// The silicon of one IOMMU instance. It is told things in two ways only: through <see cref="Registers"/> and through memory. DMAs go in,
/// completions and fault records come out.
/// </summary>
/// <remarks>One thread at a time. Same registers, memory and requests, same answers: there is no clock and no randomness inside.</remarks>
public interface IIommu
{
    /// <summary>The instance's name, for logs and messages.</summary>
    string Name { get; }

    /// <summary>The register window.</summary>
    RegisterFile Registers { get; }

    /// <summary>The translation cache, for its statistics; null for silicon that has none.</summary>
    Iotlb? Iotlb { get; }

    /// <summary>The faults that the silicon recorded, in the common shape.</summary>
    FaultLog Faults { get; }

    /// <summary>Whether the fault or event interrupt is asserted: the driver's handler has something to read.</summary>
    bool InterruptAsserted { get; }

    /// <summary>Translates requests in order. Allocates nothing.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="completions">Receives the answer to each, at the same index; at least as long as <paramref name="requests"/>.</param>
    void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions);

    /// <summary>Takes out stalled requests that have got their answer since, oldest first.</summary>
    /// <returns>How many were stored; 0 for silicon that never stalls.</returns>
    int TakeResumed(Span<ResumedDma> resumed) => 0;
}
