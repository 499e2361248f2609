using System.Collections;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;

namespace Emulator.TestKit;

/// <summary>How the DMAs of a batch ended, in their order. An expectation is one of each of them, and gives the batch back.</summary>
public sealed class DmaOutcomes : IReadOnlyList<DmaOutcome>
{
    private readonly TestPlatform _platform;
    private readonly DmaOutcome[] _outcomes;

    internal DmaOutcomes(TestPlatform platform, DmaOutcome[] outcomes, IReadOnlyList<FaultRecord>? faults)
    {
        _platform = platform;
        _outcomes = outcomes;
        Faults = faults;
    }

    /// <summary>The fault records that the silicon wrote while it answered; null for batches that a probe saw, where they are not told apart.</summary>
    public IReadOnlyList<FaultRecord>? Faults { get; }

    /// <inheritdoc/>
    public int Count => _outcomes.Length;

    /// <inheritdoc/>
    public DmaOutcome this[int index] => _outcomes[index];

    /// <summary>Expects that each was refused, or led to a protect buffer.</summary>
    public DmaOutcomes ExpectBlocked() => Expect(static outcome => outcome.IsBlocked, "to be blocked");

    /// <summary>Expects that each reached a tenant's memory.</summary>
    /// <param name="to">The tenant.</param>
    public DmaOutcomes ExpectTranslated(TestTenant to)
    {
        ArgumentNullException.ThrowIfNull(to);
        return Expect(outcome => outcome.IsCompleted && outcome.FrameOwner == to.Tag, $"to be translated to memory of {to}");
    }

    /// <summary>Expects that the first landed at an address, and the others so much further on as their IOVAs.</summary>
    /// <param name="to">The address.</param>
    public DmaOutcomes ExpectTranslated(PhysicalAddress to)
    {
        var distance = _outcomes[0].Request.Iova.Value - to.Value;
        return Expect(outcome => outcome.IsCompleted && outcome.Request.Iova.Value - outcome.Completion.Address.Value == distance, $"to be translated to {to}");
    }

    /// <summary>Expects that each passed untranslated: it landed at the address that it was sent to.</summary>
    public DmaOutcomes ExpectIdentity() => Expect(static outcome => outcome.IsIdentity, "to pass untranslated");

    /// <summary>Expects that the IOMMU holds each: it is stalled until software deals with its fault.</summary>
    public DmaOutcomes ExpectHeld() => Expect(static outcome => !outcome.IsLost && outcome.Completion.Status == DmaStatus.Stalled, "to be held by the IOMMU");

    /// <summary>Expects that each was lost: its device is gone, or an actor crashed over it.</summary>
    public DmaOutcomes ExpectLost() => Expect(static outcome => outcome.IsLost, "to be lost");

    /// <summary>Expects that the silicon recorded faults of this code and no other.</summary>
    /// <param name="code">As the silicon numbers it, see <see cref="FaultRecord.Code"/>.</param>
    public DmaOutcomes ExpectFault(int code) => ExpectFaults(fault => fault.Code == code, $"fault 0x{code:x}");

    /// <summary>Expects that the silicon recorded faults of this reason and no other.</summary>
    /// <param name="reason">In terms common to all IOMMUs.</param>
    public DmaOutcomes ExpectFault(FaultReason reason) => ExpectFaults(fault => fault.Reason == reason, $"fault {reason}");

    /// <summary>Expects that the silicon recorded no fault: what it refuses now, it refuses silently.</summary>
    public DmaOutcomes ExpectNoFault()
    {
        if (Records.Count > 0)
            FailFaults("no fault");
        return this;
    }

    /// <inheritdoc/>
    public IEnumerator<DmaOutcome> GetEnumerator() => ((IEnumerable<DmaOutcome>)_outcomes).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private IReadOnlyList<FaultRecord> Records =>
        Faults ?? throw new InvalidOperationException("fault records are kept of DMA that a test sends; a probe sees completions alone");

    private DmaOutcomes Expect(Func<DmaOutcome, bool> holds, string expectation)
    {
        if (_outcomes.FirstOrDefault(outcome => !holds(outcome)) is { } wrong)
            TestPlatform.Fail($"expected {wrong.Description} {expectation}, but it {wrong.Ending(_platform.NameOf)}");
        return this;
    }

    private DmaOutcomes ExpectFaults(Func<FaultRecord, bool> holds, string expectation)
    {
        if (Records.Count == 0 || !Records.All(holds))
            FailFaults(expectation);
        return this;
    }

    private void FailFaults(string expectation)
    {
        var recorded = Records.Count == 0
            ? "no fault"
            : string.Join("; ", Records.Select(fault => $"0x{fault.Code:x} {fault.Reason}, stream {fault.Stream}, {fault.Access} at {fault.Iova}"));
        TestPlatform.Fail($"expected {_outcomes[0].Description} to leave {expectation}, but the IOMMU recorded {recorded}; it {_outcomes[0].Ending(_platform.NameOf)}");
    }
}
