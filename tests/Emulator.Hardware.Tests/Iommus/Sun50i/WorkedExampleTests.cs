using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Sun50i;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Sun50i;

public sealed class WorkedExampleTests
{
    private const Protection Both = Protection.Read | Protection.Write;

    [Fact]
    public void Mappings_become_these_words()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 4UL << 30));
        var driver = new Sun50iDriver(KernelVersion.Linux61, memory, new ListedFrames(0x40004000, 0x40010000, 0x40010400, 0x40010800, 0x40010c00));
        var iommu = new Sun50iIommu("iommu", memory, Sun50iHardware.H6, new Sun50iOptions());
        var bus = new Bus(memory, iommu);
        bus.Run(driver.ProbeDevice(Sun50iRig.Device()));
        var domain = (Sun50iDomain)driver.AllocateDomain(DomainType.Unmanaged);
        bus.Run(driver.Attach(domain, Sun50iRig.Device()));
        Assert.Equal(0x40004000u, iommu.Registers.Read(Sun50iRegisters.TableBase, 4));

        Check(0x12345000, 0x48001000, Both, 0x4000448c, 0x40010001, 0x40010114, 0x48001042);
        Check(0x000ff000, 0x7fabc000, Protection.Read, 0x40004000, 0x40010401, 0x400107fc, 0x7fabc022);
        Check(0xffeff000, 0x4badf000, Protection.Write, 0x40007ff8, 0x40010801, 0x40010bfc, 0x4badf032);
        Check(0x80000000, 0x50000000, Protection.None, 0x40006000, 0x40010c01, 0x40010c00, 0x50000012);

        void Check(ulong iova, ulong physical, Protection protection, ulong directory, uint directoryWord, ulong page, uint pageWord)
        {
            Assert.Equal(0, bus.Run(DomainMapping.Map(driver, domain, iova, physical, 0x1000, protection)));
            Assert.Equal(directoryWord, memory.Read32(directory));
            Assert.Equal(pageWord, memory.Read32(page));
            Assert.Equal(physical + 0xabc, domain.Tables!.Lookup(iova + 0xabc));
            if ((protection & Protection.Write) == 0)
                return;
            var completion = new DmaCompletion[1];
            iommu.Translate([new DmaRequest(new StreamId(5), new Iova(iova + 0xabc), DmaAccess.Write)], completion);
            Assert.Equal(new DmaCompletion(new PhysicalAddress(physical + 0xabc), DmaStatus.Completed, 0), completion[0]);
        }
    }

    [Fact]
    public void The_first_attach_writes_this()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Domain(Sun50iRig.PageA);
        Assert.Equal(
            [
                (0x107bcUL, 0x10000UL), (0x107bc, 0x10001), (0x50, domain.Tables!.Root), (0x70, 0x3f), (0x30, 0), (0x100, 0x3003f),
                (0xb0, 0x0fff0000), (0xb4, 0x00000aaa), (0xb4, 0x05550000), (0x80, 0x3003f), (0x40, 1), (0x20, 1),
            ],
            rig.Writes(rig.Driver.Attach(domain, Sun50iRig.Device())));
    }

    [Theory]
    [InlineData(0x12345000, 0x1000, new uint[] { 0x12345000, 0x12346000 }, new uint[] { 0x12345000, 0x12445000 })]
    [InlineData(0x12345000, 0x3000, new uint[] { 0x12345000, 0x12346000, 0x12348000, 0x12349000 }, new uint[] { 0x12345000, 0x12445000 })]
    [InlineData(0x10000000, 0x200000, new uint[] { 0x10000000, 0x10001000, 0x10200000, 0x10201000 }, new uint[] { 0x10000000, 0x10100000, 0x10200000, 0x10300000 })]
    [InlineData(0xfffff000, 0x1000, new uint[] { 0xfffff000, 0 }, new uint[] { 0xfffff000, 0x000ff000 })]
    public void A_map_invalidates_the_ends_of_its_range(ulong iova, ulong size, uint[] pages, uint[] walks)
    {
        using var rig = new Sun50iRig();
        var domain = (Sun50iDomain)rig.Driver.AllocateDomain(DomainType.Unmanaged);
        rig.Run(rig.Driver.Attach(domain, Sun50iRig.Device()));
        List<(ulong, ulong)> expected = [(0x40, 0)];
        foreach (var page in pages)
            expected.AddRange([(0x90, page), (0x94, 0xfffff000), (0x98, 1)]);
        foreach (var walk in walks)
            expected.AddRange([(0xa0, walk), (0xa8, 1)]);
        expected.Add((0x40, 1));
        Assert.Equal(expected, rig.Writes(DomainMapping.Map(rig.Driver, domain, iova, 0x40000000, size, Both)));
    }

    [Fact]
    public void A_read_of_an_unmapped_page_by_master_2_is_recorded_and_handled_like_this()
    {
        using var rig = new Sun50iRig();
        rig.Attached(master: 2);
        Assert.Null(rig.Dma(0x12346abc, master: 2));
        Assert.Equal(0x20000u, rig.Read(Sun50iRegisters.InterruptStatus));
        Assert.Equal(0x12346abcu, rig.Read(Sun50iRegisters.ErrorAddressL2));
        Assert.Equal(4u, rig.Read(Sun50iRegisters.BlameL2));
        var writes = rig.Writes(rig.Driver.HandleInterrupt());
        Assert.Equal([(0x104UL, 0x20000UL), (0x10, 0xfffffffb), (0x10, 0xffffffff)], writes.TakeLast(3));
        Assert.Equal((0x90UL, 0x12346abcUL), writes[1]);
    }

    private sealed class ListedFrames(params ulong[] blocks) : IFrameAllocator
    {
        private readonly Queue<ulong> _blocks = new(blocks);

        public ulong Allocate(ulong bytes) => _blocks.Dequeue();

        public void Free(ulong address, ulong bytes) => throw new InvalidOperationException();
    }
}
