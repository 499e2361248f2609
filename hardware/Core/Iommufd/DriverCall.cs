using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>One sequence inside another: its steps are passed on, its result is kept. A refusal that is thrown becomes a result, be it before the first step.</summary>
internal sealed class DriverCall
{
    private const long LastErrno = 4095;

    private readonly SequenceResult _result = new();

    /// <summary>The result; 0 before the call.</summary>
    public long Result => _result.Value;

    /// <summary>Whether the result is an error (IS_ERR_VALUE: -4095 to -1), not a high input address.</summary>
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
    public IEnumerable<DriverStep> Run(Func<IEnumerable<DriverStep>> sequence) => _result.Of(Begin(sequence));

    private static IEnumerable<DriverStep> Begin(Func<IEnumerable<DriverStep>> sequence)
    {
        foreach (var step in sequence())
            yield return step;
    }
}
