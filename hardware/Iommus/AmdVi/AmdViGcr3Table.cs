using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>A device's own GCR3 table in 6.12, with a DomainID of its own.</summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/amd/iommu.c, setup_gcr3_table, __get_gcr3_pte.</remarks>
internal sealed class AmdViGcr3Table
{
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly List<ulong> _pages = [];

    /// <summary>Makes an empty table.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="frames">Where its pages come from.</param>
    /// <param name="domainId">Its DomainID.</param>
    /// <param name="pasidBits">Bits of PASID that the device supports.</param>
    public AmdViGcr3Table(PhysicalMemory memory, IFrameAllocator frames, ushort domainId, int pasidBits)
    {
        (_memory, _frames, DomainId) = (memory, frames, domainId);
        Glx = pasidBits == 0 ? 0 : ((pasidBits + 8) / 9) - 1;
        Root = NewPage();
    }

    public ulong Root { get; }

    public int Glx { get; }

    public ushort DomainId { get; }

    /// <summary>Where the entry of PASID 0 lies; the tables above it are made.</summary>
    public ulong EntryOfPasid0()
    {
        var table = Root;
        for (var level = Glx; level > 0; level--)
        {
            var entry = _memory.Read64(table);
            if ((entry & 1) == 0)
                _memory.Write64(table, entry = NewPage() | 1);
            table = entry & AmdViRegisters.AddressMask;
        }

        return table;
    }

    public void Free()
    {
        foreach (var page in _pages)
            _frames.Free(page, PhysicalMemory.FrameSize);
        _pages.Clear();
    }

    private ulong NewPage()
    {
        var page = _frames.Allocate(PhysicalMemory.FrameSize);
        _pages.Add(page);
        return page;
    }
}
