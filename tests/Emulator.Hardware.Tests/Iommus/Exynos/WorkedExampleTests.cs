using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Exynos;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Exynos;

public sealed class WorkedExampleTests
{
    private const Protection Read = Protection.Read;
    private const Protection Write = Protection.Write;
    private const Protection Both = Protection.Read | Protection.Write;

    [Theory]
    [InlineData("v3.3", 0x00102000, 0x45678000, 0x1000, Both, 2, 1, 0x45678012)]
    [InlineData("v3.3", 0x00102000, 0x45678000, 0x1000, Write, 2, 1, 0x45678012)]
    [InlineData("v3.3", 0x00102000, 0x45678000, 0x1000, Read, 2, 1, 0x45678212)]
    [InlineData("v3.3", 0x7fff0000, 0x45670000, 0x10000, Read, 240, 16, 0x45670211)]
    [InlineData("v5", 0x00102000, 0x880001000, 0x1000, Read, 2, 1, 0x88000106)]
    [InlineData("v5", 0x00102000, 0x880001000, 0x1000, Write, 2, 1, 0x8800010a)]
    [InlineData("v5", 0x00102000, 0x880001000, 0x1000, Both, 2, 1, 0x8800010e)]
    [InlineData("v5", 0x7fff0000, 0x912340000, 0x10000, Both, 240, 16, 0x9123400d)]
    public void A_page_becomes_these_second_level_words(string variant, ulong iova, ulong physical, ulong size, Protection protection, int first, int words, uint word)
    {
        using var rig = ExynosRig.Of(variant);
        var domain = (ExynosDomain)rig.Driver.AllocateDomain(DomainType.Unmanaged);
        rig.Map(domain, iova, physical, size, protection);

        var link = rig.Memory.Read32(domain.Tables!.Root + ((iova >> 20) * 4));
        Assert.Equal(1u, link & 3);
        var table = rig.Hardware.IsShifted ? (ulong)(link & ~0x3fu) << 4 : link & ~0x3ffu;
        for (var i = 0; i < 256; i++)
            Assert.Equal(i >= first && i < first + words ? word : 0, rig.Memory.Read32(table + ((ulong)i * 4)));
        Assert.Equal(physical + 0x40, domain.Tables.Lookup(iova + 0x40));
        AssertLands(rig, domain, iova, physical, protection, size);
    }

    [Theory]
    [InlineData("v3.3", 0x45600000, Both, 0x45600402)]
    [InlineData("v3.3", 0x45600000, Read, 0x45608402)]
    [InlineData("v5", 0xa00100000, Both, 0xa0010032)]
    public void A_section_becomes_this_first_level_word(string variant, ulong physical, Protection protection, uint word)
    {
        using var rig = ExynosRig.Of(variant);
        var domain = (ExynosDomain)rig.Driver.AllocateDomain(DomainType.Unmanaged);
        rig.Map(domain, 0xfff00000, physical, 0x100000, protection);

        Assert.Equal(word, rig.Memory.Read32(domain.Tables!.Root + (4095 * 4)));
        Assert.Equal(physical + 0xf8, domain.Tables.Lookup(0xfff000f8));
        AssertLands(rig, domain, 0xfff00000, physical, protection, 0x100000);
    }

    [Theory]
    [InlineData(false, 0x40004000, 0x40000400, 0x40000401, 0x40004000)]
    [InlineData(true, 0x840004000, 0x840000400, 0x84000041, 0x00840004)]
    public void Links_and_the_table_base_hold_these_addresses(bool shifted, ulong root, ulong table, uint link, uint tableBase)
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 64UL << 30));
        var (frames, sysmmu) = (new ListedFrames(table, root, 0x2000), new ExynosIommu("sysmmu", memory, shifted ? ExynosHardware.V5 : ExynosHardware.V33, new ExynosOptions()));
        var driver = new ExynosDriver(KernelVersion.Linux61, memory, frames);
        var bus = new Bus(memory, sysmmu);
        bus.Run(driver.Probe());
        bus.Run(driver.ProbeDevice(ExynosRig.Device()));
        bus.Run(driver.ResumeDevice(ExynosRig.Device()));
        var domain = (ExynosDomain)driver.AllocateDomain(DomainType.Unmanaged);
        bus.Run(driver.Attach(domain, ExynosRig.Device()));

        Assert.Equal(link, memory.Read32(root));
        Assert.Equal(link, memory.Read32(root + (4095 * 4)));
        Assert.Equal(tableBase, sysmmu.Registers.Read(sysmmu.Hardware.Layout.TableBase, 4));
    }

    private static void AssertLands(ExynosRig rig, ExynosDomain domain, ulong iova, ulong physical, Protection protection, ulong size)
    {
        Assert.Equal(0, rig.Run(rig.Driver.Attach(domain, ExynosRig.Device())));
        // Before v5 a word cannot say write without read.
        var readable = (protection & Read) != 0 || !rig.Hardware.IsShifted;
        Assert.Equal((protection & Write) != 0 ? physical + size - 4 : null, rig.Dma(iova + size - 4, DmaAccess.Write));
        rig.Run(rig.Driver.HandleInterrupt());
        Assert.Equal(readable ? physical : null, rig.Dma(iova));
    }

    private sealed class ListedFrames(params ulong[] blocks) : IFrameAllocator
    {
        private readonly Queue<ulong> _blocks = new(blocks);

        public ulong Allocate(ulong bytes) => _blocks.Dequeue();

        public void Free(ulong address, ulong bytes) => throw new InvalidOperationException();
    }
}
