using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>The stream table as the driver keeps it: linear and whole, or two-level with second levels made when a stream first needs one.</summary>
/// <remarks>Source: Linux 6.1 arm-smmu-v3.c, arm_smmu_init_strtab and arm_smmu_init_l2_strtab.</remarks>
internal sealed class StreamTable
{
    /// <summary>StreamID bits that the second level resolves (STRTAB_SPLIT).</summary>
    public const int Split = 8;

    // STRTAB_L1_SZ_SHIFT 20: first levels of up to 1 MiB.
    private const int MaxLevel1EntriesLog2 = 17;

    private readonly IFrameAllocator _frames;
    private readonly StreamTableEntry _initial;
    private readonly ulong[] _level2;
    private readonly int _entriesLog2;
    private readonly bool _twoLevel;

    /// <summary>Makes the table; its memory is zero until <see cref="Initialise"/>.</summary>
    public StreamTable(IFrameAllocator frames, Features features, StreamTableEntry initial)
    {
        _frames = frames;
        _initial = initial;
        _twoLevel = features.TwoLevelStreamTable;
        if (_twoLevel)
        {
            var level1Log2 = Math.Min(MaxLevel1EntriesLog2, features.StreamIdBits - Split);
            _level2 = new ulong[1 << level1Log2];
            _entriesLog2 = level1Log2 + Split;
            Address = frames.Allocate(ContextTable.PageRounded((ulong)StreamTableLevel1Descriptor.Size << level1Log2));
        }
        else
        {
            _level2 = [];
            _entriesLog2 = features.StreamIdBits;
            Address = frames.Allocate(ContextTable.PageRounded((ulong)StreamTableEntry.Size << _entriesLog2));
        }
    }

    public ulong Address { get; }

    public StreamTableShape Shape => new() { TwoLevel = _twoLevel, Split = _twoLevel ? Split : 0, Log2Size = _entriesLog2 };

    /// <summary>Fills a linear table with the entry of an unattached stream.</summary>
    public IEnumerable<DriverStep> Initialise() => _twoLevel ? [] : Fill(Address, 0, 1 << _entriesLog2);

    public bool Contains(uint stream) => (ulong)stream < 1UL << _entriesLog2;

    /// <summary>Makes the second level that a stream needs, if it is not there.</summary>
    public IEnumerable<DriverStep> Cover(uint stream)
    {
        var index = stream >> Split;
        if (!_twoLevel || _level2[index] != 0)
            yield break;
        var level2 = _frames.Allocate((ulong)StreamTableEntry.Size << Split);
        _level2[index] = level2;
        foreach (var step in Fill(level2, index << Split, 1 << Split))
            yield return step;
        var descriptor = new StreamTableLevel1Descriptor { Level2Table = level2, Span = Split + 1 };
        yield return DriverStep.Store(Address + ((ulong)index * StreamTableLevel1Descriptor.Size), descriptor.Raw, $"L1STD 0x{index:x}");
    }

    public ulong EntryAddress(uint stream) => _twoLevel
        ? _level2[stream >> Split] + ((ulong)(stream & ((1 << Split) - 1)) * StreamTableEntry.Size)
        : Address + ((ulong)stream * StreamTableEntry.Size);

    private IEnumerable<DriverStep> Fill(ulong table, uint firstStream, int entries)
    {
        for (var i = 0; i < entries; i++)
        {
            var entry = table + ((ulong)i * StreamTableEntry.Size);
            var label = $"STE 0x{firstStream + (uint)i:x}";
            yield return DriverStep.Store(entry, _initial.Word0, label);
            if (_initial.Word1 != 0)
                yield return DriverStep.Store(entry + 8, _initial.Word1, label);
        }
    }
}
