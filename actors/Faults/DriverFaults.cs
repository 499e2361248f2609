using Emulator.Actors.Programming;
using Emulator.Hardware.Drivers;

namespace Emulator.Actors.Faults;

/// <summary>What goes wrong inside the driver's sequences. Part of the IOMMU's actor.</summary>
internal sealed class DriverFaults(ProtocolMutation mutation)
{
    private Fault? _attach;
    private int _attaches;
    private int _silent;

    /// <summary>A fault strikes.</summary>
    public void Strike(Fault fault)
    {
        if (fault.Kind == FaultKind.AttachFails)
            (_attach, _attaches) = (fault, _attaches + fault.Count);
        else if (fault.Kind == FaultKind.InvalidationTimedOut)
            _silent += fault.Count;
    }

    /// <summary>A sequence as it goes with what is to go wrong; usually the sequence itself.</summary>
    /// <param name="purpose">What it is for.</param>
    /// <param name="attaches">Whether it attaches: to a tenant's domain, or to an empty one.</param>
    /// <param name="steps">The sequence.</param>
    public IEnumerable<DriverStep> Of(RunPurpose purpose, bool attaches, IEnumerable<DriverStep> steps)
    {
        if (purpose is RunPurpose.Probe or RunPurpose.Interrupt)
            return steps;
        if (purpose == RunPurpose.Block && mutation == ProtocolMutation.UnblocksBeforeClean)
            steps = CutShort(steps);
        if (_silent > 0)
        {
            _silent--;
            return steps.Where(step => step.Kind != DriverStepKind.WriteRegister);
        }

        if (!attaches || _attaches == 0)
            return steps;
        _attaches--;
        return FailAt(steps, _attach!.Step, _attach.Errno);
    }

    // All but the last two register writes, which is where drivers clean the IOTLB.
    private static IEnumerable<DriverStep> CutShort(IEnumerable<DriverStep> steps)
    {
        var kept = new Queue<DriverStep>();
        foreach (var step in steps)
        {
            if (step.Kind != DriverStepKind.WriteRegister)
            {
                yield return step;
                continue;
            }

            kept.Enqueue(step);
            if (kept.Count > 2)
                yield return kept.Dequeue();
        }
    }

    private static IEnumerable<DriverStep> FailAt(IEnumerable<DriverStep> steps, int at, Errno errno)
    {
        var performed = 0;
        foreach (var step in steps)
        {
            if (step.Kind == DriverStepKind.Return || performed++ == at)
                break;
            yield return step;
        }

        yield return DriverStep.Fail(errno);
    }
}
