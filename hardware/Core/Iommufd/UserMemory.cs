namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A buffer in a process: consecutive pieces, each at its place in physical memory or a hole. What is pinned stays where it was pinned, whatever
/// happens to the process.</summary>
/// <param name="address">The buffer's address in the process; only its alignment counts.</param>
/// <param name="ranges">The pieces in order.</param>
public sealed class UserMemory(ulong address, params IReadOnlyList<UserRange> ranges)
{
    private IReadOnlyList<UserRange> _ranges = ranges;

    /// <summary>The address in the process.</summary>
    public ulong Address { get; } = address;

    /// <summary>Bytes.</summary>
    public ulong Length { get; } = ranges.Aggregate(0UL, (sum, range) => sum + range.Length);

    /// <summary>A writable buffer without a gap, whose address in the process is the physical one.</summary>
    public static UserMemory At(ulong physical, ulong length) => new(physical, new UserRange(physical, length));

    /// <summary>The process exits: all of it becomes a hole.</summary>
    public void Exit() => _ranges = [];

    /// <summary>Finds where a part lies (pin_user_pages).</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="write">Whether it is to be written.</param>
    /// <returns>The places in order, adjacent ones as one; null (-EFAULT) where a byte is a hole, beyond the end, or read-only and to be written.</returns>
    internal List<PhysicalRange>? Resolve(ulong offset, ulong length, bool write)
    {
        var found = new List<PhysicalRange>();
        foreach (var range in _ranges)
        {
            if (offset >= range.Length)
            {
                offset -= range.Length;
                continue;
            }

            if (range.Physical is not { } physical || (write && !range.Writable))
                return null;
            var part = Math.Min(length, range.Length - offset);
            Append(found, new PhysicalRange(physical + offset, part));
            (offset, length) = (0, length - part);
            if (length == 0)
                return found;
        }

        return null;
    }

    private static void Append(List<PhysicalRange> found, PhysicalRange part)
    {
        if (found.Count > 0 && found[^1].Address + found[^1].Length == part.Address)
            found[^1] = found[^1] with { Length = found[^1].Length + part.Length };
        else
            found.Add(part);
    }
}
