using System.Diagnostics;
using Akka.Actor;
using Emulator.Actors.Core;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Drivers;

namespace Emulator.Actors.Programming;

/// <summary>
/// One driver sequence on its way through the silicon. It outlives the actors that carry it: a sequence that has begun is finished, whoever crashes,
/// because a kernel holds a lock over it and no half of it may meet the next one.
/// </summary>
/// <remarks>Travels between the IOMMU's actor and the translation actor; who was sent it last owns it.</remarks>
internal sealed class DriverRun
{
    private readonly IEnumerator<DriverStep> _steps;
    private readonly int _stepLimit;
    private DriverStep? _next;

    public DriverRun(RunPurpose purpose, IEnumerable<DriverStep> steps, int stepLimit = int.MaxValue)
    {
        Purpose = purpose;
        _stepLimit = stepLimit;
        _steps = steps.GetEnumerator();
    }

    public RunPurpose Purpose { get; }

    /// <summary>The group that it programs; -1 for none.</summary>
    public int Group { get; init; } = -1;

    /// <summary>The epoch that it belongs to; without a group it means nothing.</summary>
    public Epoch Epoch { get; init; }

    /// <summary>The domain that the group is in when the run has succeeded.</summary>
    public IommuDomain? Domain { get; init; }

    /// <summary>The number under which a domain asked for it.</summary>
    public long Ticket { get; init; }

    /// <summary>Who waits for the end.</summary>
    public IActorRef ReplyTo { get; init; } = ActorRefs.Nobody;

    /// <summary>The trace that it is part of.</summary>
    public ActivityContext Trace { get; init; }

    /// <summary>What the core was asked.</summary>
    public object? Request { get; init; }

    /// <summary>What groups that the core holds may reach: until the end on both sides of the switch, then where they are.</summary>
    public IReadOnlyList<CoreGrant> Grants { get; set; } = [];

    /// <summary>Told of the end, once, by whoever enumerates the sequence.</summary>
    public Action<DriverRun>? AtEnd { get; init; }

    /// <summary>Whether it may change what a group's DMA reaches.</summary>
    public bool ProgramsGroups => Group >= 0 || Grants.Count > 0;

    /// <summary>Steps performed.</summary>
    public int Performed { get; private set; }

    /// <summary>Whether the driver has been entered: from then on the run goes to its end.</summary>
    public bool HasBegun { get; private set; }

    public bool IsFinished { get; private set; }

    /// <summary>Refused before it began, because its epoch was over.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>0, a negative errno, or a count; valid when finished.</summary>
    public long Result { get; private set; }

    /// <summary>The error that the driver returned; none when it succeeded, threw, or was refused.</summary>
    public Errno Error => Failure == null && Result < 0 ? (Errno)(-Result) : Errno.None;

    /// <summary>What the driver threw, in one line; null when nothing.</summary>
    public string? Failure { get; private set; }

    public bool HasSucceeded => IsFinished && !IsRefused && Failure == null && Result >= 0;

    /// <summary>How it ended, in words.</summary>
    public string Outcome => IsRefused ? $"{Purpose} of {Epoch} is over" : Failure ?? (Result < 0 ? $"{Purpose} returned -{(Errno)(-Result)}" : "done");

    /// <summary>Enters the driver for its next step; none when it is finished, or one is waiting to be performed.</summary>
    public void Advance()
    {
        if (IsFinished || _next != null)
            return;
        HasBegun = true;
        if (Performed >= _stepLimit)
        {
            Finish(-(long)Errno.ETIMEDOUT, $"the driver waits for the silicon without end: given up after {_stepLimit} steps, where a kernel would hang");
            return;
        }

        try
        {
            if (!_steps.MoveNext())
                Finish(0, null);
            else if (_steps.Current.Kind == DriverStepKind.Return)
                Finish(_steps.Current.Result, null);
            else
                _next = _steps.Current;
        }
        catch (Exception error)
        {
            // Driver code that throws (a BUG of the kernel, an allocation that fails) ends its sequence; the actors stay.
            Finish(-1, error.Message);
        }
    }

    /// <summary>Performs the step that waits, if any.</summary>
    /// <param name="bus">The bus.</param>
    /// <param name="afterEach">Told of each step that was performed.</param>
    /// <returns>Steps performed, 0 or 1.</returns>
    public int Perform(Bus bus, Action<DriverStep>? afterEach = null)
    {
        if (_next is not { } step)
            return 0;
        _next = null;
        Performed++;
        bus.Perform(step);
        afterEach?.Invoke(step);
        return 1;
    }

    /// <summary>Goes to the end.</summary>
    /// <param name="bus">The bus.</param>
    /// <param name="afterEach">Told of each step that was performed.</param>
    /// <returns>Steps performed.</returns>
    public int PerformAll(Bus bus, Action<DriverStep>? afterEach = null)
    {
        var steps = Perform(bus, afterEach);
        for (Advance(); !IsFinished; Advance())
            steps += Perform(bus, afterEach);
        return steps;
    }

    /// <summary>Refuses a run that has not begun.</summary>
    public void Refuse() => (IsFinished, IsRefused) = (true, true);

    private void Finish(long result, string? failure)
    {
        (IsFinished, Result, Failure) = (true, result, failure);
        _steps.Dispose();
        AtEnd?.Invoke(this);
    }
}
