namespace Emulator.Hardware.Drivers;

/// <summary>What a sequence inside another one came to: its steps are passed on, its end is kept.</summary>
public sealed class SequenceResult
{
    /// <summary>0, a negative errno, or a count; 0 before the end.</summary>
    public long Value { get; private set; }

    /// <summary>Whether it ended with an error.</summary>
    public bool Failed => Value < 0;

    /// <summary>The steps of a sequence up to its result, which is kept. A <see cref="DriverException"/> on the way is a result too.</summary>
    public IEnumerable<DriverStep> Of(IEnumerable<DriverStep> sequence)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        Value = 0;
        using var steps = sequence.GetEnumerator();
        while (Next(steps) is { } step)
            yield return step;
    }

    private DriverStep? Next(IEnumerator<DriverStep> steps)
    {
        try
        {
            if (!steps.MoveNext())
                return null;
        }
        catch (DriverException failure)
        {
            Value = -(long)failure.Errno;
            return null;
        }

        if (steps.Current.Kind != DriverStepKind.Return)
            return steps.Current;
        Value = steps.Current.Result;
        return null;
    }
}
