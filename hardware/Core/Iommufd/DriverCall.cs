using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>One sequence inside another: its steps are passed on, its result is kept. A refusal that is thrown becomes a result.</summary>
internal sealed class DriverCall
{
    private const long LastErrno = 4095;

    /// <summary>The result; 0 before the call.</summary>
    public long Result { get; private set; }

    /// <summary>Whether the result is an error (IS_ERR_VALUE: -4095 to -1).</summary>
    public bool Failed => Result is < 0 and >= -LastErrno;

    /// <summary>The error, or none.</summary>
    public Errno Errno => Failed ? (Errno)(-Result) : Errno.None;

    /// <summary>The sequence's end with this result.</summary>
    public DriverStep Return => DriverStep.Return(Result);

    /// <summary>Calls something that is not a sequence.</summary>
    public static Errno Try(Action call)
    {
        try
        {
            call();
            return Errno.None;
        }
        catch (DriverException refused)
        {
            return refused.Errno;
        }
    }

    /// <summary>The steps of a sequence, without its end.</summary>
    public IEnumerable<DriverStep> Run(Func<IEnumerable<DriverStep>> sequence)
    {
        Result = 0;
        IEnumerator<DriverStep>? steps = null;
        if (Try(() => steps = sequence().GetEnumerator()) is var refused && refused != Errno.None)
        {
            Result = -(long)refused;
            yield break;
        }

        using (steps)
        {
            while (Next(steps!) is { } step)
                yield return step;
        }
    }

    private DriverStep? Next(IEnumerator<DriverStep> steps)
    {
        var more = false;
        if (Try(() => more = steps.MoveNext()) is var refused && refused != Errno.None)
            Result = -(long)refused;
        else if (more && steps.Current.Kind != DriverStepKind.Return)
            return steps.Current;
        else if (more)
            Result = steps.Current.Result;
        return null;
    }
}
