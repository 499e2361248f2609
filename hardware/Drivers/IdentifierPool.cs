namespace Emulator.Hardware.Drivers;

/// <summary>Gives out the lowest free identifier of a range: ASIDs, VMIDs, domain IDs. Source: Linux ida_alloc_range, xa_alloc, find_first_zero_bit.</summary>
public sealed class IdentifierPool
{
    private readonly SortedSet<int> _returned = [];
    private readonly int _last;
    private int _next;

    /// <summary>Makes a pool.</summary>
    /// <param name="first">The lowest identifier.</param>
    /// <param name="last">The highest identifier.</param>
    public IdentifierPool(int first, int last) => (_next, _last) = (first, last);

    /// <summary>Takes the lowest free identifier.</summary>
    /// <returns>Null when all are in use.</returns>
    public int? Take()
    {
        if (_returned.Count > 0)
        {
            var lowest = _returned.Min;
            _returned.Remove(lowest);
            return lowest;
        }

        return _next > _last ? null : _next++;
    }

    /// <summary>Gives an identifier back.</summary>
    public void Return(int identifier) => _returned.Add(identifier);
}
