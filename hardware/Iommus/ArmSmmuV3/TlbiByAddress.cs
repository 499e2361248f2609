using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Selects the entries whose tag agrees, global ones whatever their ASID, and whose leaf has an address in common with a range.</summary>
internal readonly struct TlbiByAddress : IIotlbSelector
{
    private readonly ulong _mask;
    private readonly ulong _value;
    private readonly ulong _first;
    private readonly ulong _last;
    private readonly int _granule;
    private readonly int _level;

    /// <param name="mask">Bits of the tag that are compared; the ASID is not for global entries.</param>
    /// <param name="value">What they are compared with.</param>
    /// <param name="first">First address.</param>
    /// <param name="last">Last address.</param>
    /// <param name="granule">TG: only leaves of tables with this granule; 0 any.</param>
    /// <param name="level">TTL: only leaves of this level; 0 any.</param>
    public TlbiByAddress(ulong mask, ulong value, ulong first, ulong last, int granule, int level)
    {
        _mask = mask;
        _value = value;
        _first = first;
        _last = last;
        _granule = granule;
        _level = level;
    }

    /// <inheritdoc/>
    public bool Selects(in IotlbEntry entry)
    {
        var mask = (entry.Tag & IotlbTag.Global) != 0 ? _mask & ~IotlbTag.AsidMask : _mask;
        if (((entry.Tag ^ _value) & mask) != 0)
            return false;
        var leaf = new IotlbFlags(entry.Flags);
        if ((_granule != 0 && leaf.Granule != _granule) || (_level != 0 && leaf.Level != _level))
            return false;
        var offset = (1UL << leaf.LeafShift) - 1;
        return (entry.Iova & ~offset) <= _last && (entry.Iova | offset) >= _first;
    }
}
