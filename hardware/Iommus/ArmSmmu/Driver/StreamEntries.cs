using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.ArmSmmu.Driver;

/// <summary>The driver's stream entries: who has which, and what they say.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.c:872 to :1110; 6.12 is the same.</remarks>
internal sealed class StreamEntries
{
    private readonly Features _features;
    private readonly StreamType _initial;
    private readonly StreamEntry[] _entries;
    private uint _idMask;
    private uint _maskMask;
    private int _groups;

    public StreamEntries(Features features, int count, bool disableBypass)
    {
        _features = features;
        _initial = disableBypass ? StreamType.Fault : StreamType.Bypass;
        _idMask = features.StreamIdMask;
        _entries = [.. Enumerable.Range(0, count).Select(_ => new StreamEntry { Type = _initial })];
    }

    public int Count => _entries.Length;

    /// <summary>Qualcomm: the bank that stands for bypass, on firmware that rewrites S2CRs.</summary>
    public int? BypassBank { get; set; }

    /// <summary>An entry that firmware had in use goes on, bypassed.</summary>
    public void Adopt(int index, StreamMatchEntry match)
    {
        var entry = _entries[index];
        (entry.Id, entry.Mask, entry.Valid) = (match.Id, match.Mask, true);
        (entry.Type, entry.Bank) = (StreamType.Bypass, 0xff);
    }

    /// <summary>Reserves the entry of a boot stream. The kernel asks for one with every bit masked, so that a second stream conflicts with the first
    /// entry and is left out (:2018).</summary>
    public void Reserve(ushort id)
    {
        var index = Find(id, ushort.MaxValue);
        if (index < 0)
            return;
        var entry = _entries[index];
        if (entry.Count == 0)
            (entry.Id, entry.Mask, entry.Valid) = (id, 0, true);
        entry.Count++;
        entry.Type = StreamType.Bypass;
    }

    /// <summary>Writes every entry.</summary>
    public IEnumerable<DriverStep> WriteAll() => Enumerable.Range(0, Count).SelectMany(Write);

    /// <summary>Finds out which bits of ID and mask the SMRs have (arm_smmu_test_smr_masks, :907).</summary>
    public IEnumerable<DriverStep> TestMasks()
    {
        var free = _features.StreamMatching ? Array.FindIndex(_entries, entry => !entry.Valid) : -1;
        if (free < 0)
            yield break;
        var offset = ArmSmmuRegisters.StreamMatch + (4 * (ulong)free);
        yield return DriverStep.Write(offset, new StreamMatchEntry { Id = (ushort)_idMask }.Raw);
        var ids = DriverStep.Read(offset);
        yield return ids;
        _idMask = new StreamMatchEntry((uint)ids.Value).Id;
        yield return DriverStep.Write(offset, new StreamMatchEntry { ExtendedMask = (ushort)_idMask }.Raw);
        var masks = DriverStep.Read(offset);
        yield return masks;
        _maskMask = new StreamMatchEntry((uint)masks.Value).ExtendedMask;
    }

    /// <summary>Enters a device's streams (arm_smmu_probe_device, :1394; arm_smmu_master_alloc_smes, :1015).</summary>
    public IEnumerable<DriverStep> Enter(Master master, ushort mask)
    {
        var error = Allocate(master, mask);
        if (error == Errno.None)
            return master.Entries.SelectMany(Write);
        master.Entries.ForEach(index => Free(index));
        master.Entries.Clear();
        return [DriverStep.Fail(error)];
    }

    /// <summary>Frees a device's entries: those that nobody else uses say what they said at first, and match nothing (arm_smmu_release_device, :1441).</summary>
    public IEnumerable<DriverStep> Leave(Master master)
    {
        foreach (var index in master.Entries)
        {
            if (!Free(index))
                continue;
            foreach (var step in Write(index))
                yield return step;
        }

        master.Entries.Clear();
    }

    /// <summary>Points a device's streams somewhere; those that are there already are not written (arm_smmu_domain_add_master, :1086).</summary>
    public IEnumerable<DriverStep> Install(Master master, StreamType type, int bank)
    {
        foreach (var index in master.Entries)
        {
            var entry = _entries[index];
            if (entry.Type == type && entry.Bank == bank)
                continue;
            (entry.Type, entry.Bank) = (type, bank);
            yield return WriteContext(index);
        }
    }

    /// <summary>The group of a device (arm_smmu_device_group, :1469).</summary>
    /// <exception cref="DriverException">EINVAL: its entries belong to more than one group.</exception>
    public int GroupOf(Master master)
    {
        int? group = null;
        foreach (var index in master.Entries)
        {
            if (group != null && _entries[index].Group is { } other && other != group)
                throw new DriverException(Errno.EINVAL, $"the streams of {master.Device.Name} belong to more than one group");
            group = _entries[index].Group;
        }

        if (group is { } known)
            return known;
        foreach (var index in master.Entries)
            _entries[index].Group = _groups;
        return _groups++;
    }

    private Errno Allocate(Master master, ushort mask)
    {
        if (master.Device.Streams.Any(binding => (binding.Stream.Value & ~_idMask) != 0) || (mask & ~_maskMask) != 0)
            return Errno.EINVAL;
        foreach (var binding in master.Device.Streams)
        {
            var id = (ushort)binding.Stream.Value;
            var index = Find(id, mask);
            if (index < 0)
                return (Errno)(-index);
            var entry = _entries[index];
            if (_features.StreamMatching && entry.Count == 0)
                (entry.Id, entry.Mask, entry.Valid) = (id, mask, true);
            entry.Count++;
            master.Entries.Add(index);
        }

        return Errno.None;
    }

    // arm_smmu_find_sme, :944: the number, or the negative error.
    private int Find(ushort id, ushort mask)
    {
        if (!_features.StreamMatching)
            return id;
        var free = -(int)Errno.ENOSPC;
        for (var i = 0; i < _entries.Length; i++)
        {
            var entry = _entries[i];
            if (!entry.Valid)
            {
                if (free < 0)
                    free = i;
                continue;
            }

            if ((mask & entry.Mask) == mask && ((id ^ entry.Id) & ~entry.Mask) == 0)
                return i;
            if (((id ^ entry.Id) & ~(entry.Mask | mask)) == 0)
                return -(int)Errno.EINVAL;
        }

        return free;
    }

    private bool Free(int index)
    {
        var entry = _entries[index];
        if (--entry.Count > 0)
            return false;
        (entry.Type, entry.Bank, entry.Group, entry.Valid) = (_initial, 0, null, false);
        return true;
    }

    private IEnumerable<DriverStep> Write(int index)
    {
        yield return WriteContext(index);
        if (!_features.StreamMatching)
            yield break;
        var entry = _entries[index];
        var match = _features.ExtendedIds
            ? new StreamMatchEntry { Id = entry.Id, ExtendedMask = entry.Mask }
            : new StreamMatchEntry { Id = entry.Id, Mask = entry.Mask, Valid = entry.Valid };
        yield return DriverStep.Write(ArmSmmuRegisters.StreamMatch + (4 * (ulong)index), match.Raw);
    }

    private DriverStep WriteContext(int index)
    {
        var entry = _entries[index];
        var (type, bank) = (entry.Type, entry.Bank);
        if (BypassBank is { } bypass)
        {
            // arm-smmu-qcom.c:346: the firmware drops a fault and makes a fault of a bypass.
            (type, bank) = type switch
            {
                StreamType.Bypass => (StreamType.Translate, bypass),
                StreamType.Fault => (StreamType.Bypass, 0xff),
                _ => (type, bank),
            };
        }

        var word = new StreamToContextEntry { Type = type, Bank = bank, ExtendedIdValid = _features.ExtendedIds && _features.StreamMatching && entry.Valid };
        return DriverStep.Write(ArmSmmuRegisters.StreamToContext + (4 * (ulong)index), word.Raw);
    }
}
