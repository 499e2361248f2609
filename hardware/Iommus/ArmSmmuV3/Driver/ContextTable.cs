using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>A table of context descriptors as the driver keeps it: linear up to 1,024, else two-level with leaves made on demand. 6.1 has one for
/// each domain, 6.12 one for each device.</summary>
/// <remarks>Source: Linux 6.1 arm-smmu-v3.c, arm_smmu_alloc_cd_tables and arm_smmu_get_cd_ptr.</remarks>
internal sealed class ContextTable
{
    /// <summary>SubstreamID bits of a linear table at most (CTXDESC_LINEAR_CDMAX).</summary>
    public const int MaxLinearLog2 = 10;

    private const int LeafLog2 = 10;

    private readonly IFrameAllocator _frames;
    private readonly ulong[]? _leaves;
    private readonly ulong _bytes;

    /// <summary>Makes the table; its memory is zero.</summary>
    public ContextTable(IFrameAllocator frames, Features features, int log2Contexts)
    {
        _frames = frames;
        Log2Contexts = log2Contexts;
        if (!features.TwoLevelContextTable || log2Contexts <= LeafLog2)
        {
            _bytes = PageRounded((ulong)ContextDescriptor.Size << log2Contexts);
        }
        else
        {
            _leaves = new ulong[1 << (log2Contexts - LeafLog2)];
            _bytes = PageRounded((ulong)_leaves.Length * ContextTableLevel1Descriptor.Size);
        }

        Address = frames.Allocate(_bytes);
    }

    public ulong Address { get; }

    public int Log2Contexts { get; }

    public int Format => _leaves == null ? StreamTableEntry.LinearContextTable : StreamTableEntry.TwoLevelContextTable64K;

    /// <summary>The DMA allocator gives whole pages.</summary>
    public static ulong PageRounded(ulong bytes) => (bytes + (PhysicalMemory.FrameSize - 1)) & ~(ulong)(PhysicalMemory.FrameSize - 1);

    /// <summary>Whether the descriptor of a substream has memory.</summary>
    public bool Covers(uint substream) => _leaves == null || _leaves[substream >> LeafLog2] != 0;

    /// <summary>Makes the leaf that a substream needs; the caller then has the stale first-level descriptor dropped.</summary>
    public DriverStep Cover(uint substream)
    {
        var index = substream >> LeafLog2;
        var leaf = _frames.Allocate((ulong)ContextDescriptor.Size << LeafLog2);
        _leaves![index] = leaf;
        var descriptor = new ContextTableLevel1Descriptor { LeafTable = leaf, Valid = true };
        return DriverStep.Store(Address + ((ulong)index * ContextTableLevel1Descriptor.Size), descriptor.Raw, $"L1CD 0x{index:x}");
    }

    public ulong EntryAddress(uint substream) => _leaves == null
        ? Address + ((ulong)substream * ContextDescriptor.Size)
        : _leaves[substream >> LeafLog2] + ((ulong)(substream & ((1 << LeafLog2) - 1)) * ContextDescriptor.Size);

    /// <summary>Gives the memory back, leaves first.</summary>
    public void Free()
    {
        foreach (var leaf in _leaves ?? [])
        {
            if (leaf != 0)
                _frames.Free(leaf, (ulong)ContextDescriptor.Size << LeafLog2);
        }

        _frames.Free(Address, _bytes);
    }
}
