using Emulator.Actors.Faults;
using Emulator.Hardware.Drivers;

namespace Emulator.Simulations.Exploration;

/// <summary>Draws what of a fault can vary.</summary>
internal static class FaultDraw
{
    private static readonly Errno[] s_errors = [Errno.EINVAL, Errno.ENOMEM, Errno.EBUSY, Errno.ENODEV, Errno.ENOSPC, Errno.EIO, Errno.ETIMEDOUT, Errno.EOPNOTSUPP, Errno.EPERM, Errno.ENXIO];

    /// <summary>A fault of the kind, from one random number.</summary>
    public static Fault Of(FaultRate rate, ulong random)
    {
        var draw = new SplitMix64(random);
        return new Fault(rate.Kind)
        {
            Target = draw.Next(1 << 16),
            Count = 1 + draw.Next(rate.MostCount),
            Duration = draw.NextDouble() * rate.Longest,
            Errno = s_errors[draw.Next(s_errors.Length)],
            Step = draw.Next(24),
            Random = draw.Next(),
        };
    }
}
