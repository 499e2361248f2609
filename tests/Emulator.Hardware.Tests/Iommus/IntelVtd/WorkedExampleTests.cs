using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.IntelVtd;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Vtd;

namespace Emulator.Hardware.Tests.Iommus.IntelVtd;

/// <summary>Domain 0x12, four levels, root 0x100010000, device 03:00.0.</summary>
public sealed class WorkedExampleTests
{
    private const ulong Root = 0x1_0001_0000;

    [Theory]
    [InlineData(0x12345000UL, 0x123456000UL, 0x1000UL, Protection.Read | Protection.Write, 0x0000000123456003UL, 0x8000000123456067UL)]
    [InlineData(0x12346000UL, 0x123457000UL, 0x1000UL, Protection.Read, 0x0000000123457001UL, 0x8000000123457025UL)]
    [InlineData(0x12347000UL, 0x123458000UL, 0x1000UL, Protection.Write, 0x0000000123458003UL, 0x8000000123458067UL)]
    [InlineData(0x40000000UL, 0x240000000UL, 0x200000UL, Protection.Read | Protection.Write, 0x0000000240000083UL, 0x80000002400000e7UL)]
    [InlineData(0x7fc0000000UL, 0x400000000UL, 0x40000000UL, Protection.Read | Protection.Write, 0x0000000400000083UL, 0x80000004000000e7UL)]
    public void Leaves_are_written_as_computed(ulong iova, ulong physical, ulong size, Protection protection, ulong second, ulong first)
    {
        Assert.Equal(second, Leaf(iova, physical, size, protection, firstLevel: false, KernelVersion.Linux61));
        Assert.Equal(first, Leaf(iova, physical, size, protection, firstLevel: true, KernelVersion.Linux61));
        Assert.Equal(first & ~VtdEntry.ExecuteDisable, Leaf(iova, physical, size, protection, firstLevel: true, KernelVersion.Linux612));
    }

    [Theory]
    [InlineData(false, KernelVersion.Linux61, 0x0000000100011003UL)]
    [InlineData(true, KernelVersion.Linux61, 0x8000000100011027UL)]
    [InlineData(true, KernelVersion.Linux612, 0x0000000100011027UL)]
    public void A_table_entry_is_written_as_computed(bool firstLevel, KernelVersion kernel, ulong expected)
    {
        using var memory = new PhysicalMemory();
        var table = MakeTable(memory, firstLevel, kernel);
        table.Map(0x12345000, 0x123456000, 4096, 1, Protection.Read, new InvalidationGather());
        Assert.Equal(expected, memory.Read64(Root));
    }

    [Fact]
    public void Context_entries_are_as_computed()
    {
        Assert.Equal(new VtdContextEntry(0x100010001, 0x1202), VtdContextEntry.Create(VtdTranslationType.SecondLevel, Root, 2, 0x12));
        Assert.Equal(new VtdContextEntry(0x100010005, 0x1202), VtdContextEntry.Create(VtdTranslationType.DeviceTlb, Root, 2, 0x12));
        Assert.Equal(new VtdContextEntry(9, 0x0102), VtdContextEntry.Create(VtdTranslationType.PassThrough, 0, 2, VtdUnit.DefaultDomainId));
        Assert.Equal(new VtdScalableContextEntry(0x100020401, 0), VtdScalableContextEntry.Create(0x100020000, 2, 0));
        const ulong all = VtdScalableContextEntry.DeviceTlbEnable | VtdScalableContextEntry.PageRequestEnable | VtdScalableContextEntry.PasidEnable;
        Assert.Equal(0x10002041dUL, VtdScalableContextEntry.Create(0x100020000, 2, all).Low);
    }

    [Fact]
    public void Pasid_entries_are_as_computed()
    {
        const ulong snoop = VtdPasidEntry.PageWalkSnoop;
        Assert.Equal(new VtdPasidEntry(0x100010089, 0x800012, 0), VtdPasidEntry.Create(VtdPasidTranslation.SecondLevel, Root, 2, 0x12, snoop, 0));
        Assert.Equal(new VtdPasidEntry(0x109, 0x800001, 0), VtdPasidEntry.Create(VtdPasidTranslation.PassThrough, 0, 2, 1, snoop, 0));
        Assert.Equal(0x49UL, VtdPasidEntry.Create(VtdPasidTranslation.FirstLevel, 0, 2, 0x12, snoop, 0x100010020).Word0);
    }

    [Fact]
    public void Descriptors_are_as_computed()
    {
        Assert.Equal(0x0000030000120031UL, VtdDescriptor.Context(VtdGranularity.Narrow, 0x12, 0x300).Word0);
        Assert.Equal(0x120017UL, VtdDescriptor.PasidCacheOfPasid(0x12, 0).Word0);
        Assert.Equal(0x120007UL, VtdDescriptor.PasidCacheOfDomain(0x12).Word0);
        Assert.Equal(0x120026UL, VtdDescriptor.PasidIotlb(0x12, 0).Word0);
        Assert.Equal(0x1200e2UL, VtdDescriptor.Iotlb(VtdGranularity.Domain, 0x12, true, true).Word0);
        Assert.Equal(0x0000000200000025UL, VtdDescriptor.Wait(2, 0).Word0);
        Assert.Equal(new VtdDescriptor(0x1200f2, 0x12345000), VtdDescriptor.Iotlb(VtdGranularity.Narrow, 0x12, true, true, 0x12345000));
        Assert.Equal(0xe000000003000012UL, VtdContextCommand.Create(VtdGranularity.Narrow, 0x12, 0x300).Raw);
        Assert.Equal(0xa001001200000000UL, VtdIotlbCommand.Create(VtdGranularity.Domain, 0x12, VtdIotlbCommand.DrainWrites).Raw);
    }

    [Theory]
    [InlineData(0x02, false, 0x8000000200000300UL)]
    [InlineData(0x02, true, 0xc000000200000300UL)]
    [InlineData(0x59, true, 0xc000005900000300UL)]
    public void Fault_records_are_as_computed(byte reason, bool read, ulong high) =>
        Assert.Equal(new VtdFaultRecord(0x12345000, high), VtdFaultRecord.Create(0x12345678, 0x300, reason, read, null));

    private static ulong Leaf(ulong iova, ulong physical, ulong size, Protection protection, bool firstLevel, KernelVersion kernel)
    {
        using var memory = new PhysicalMemory();
        var table = MakeTable(memory, firstLevel, kernel);
        Assert.Equal(Errno.None, table.Map(iova, physical, size, 1, protection, new InvalidationGather()).Errno);
        Assert.Equal(physical + 0x678, table.Lookup(iova + 0x678));
        WalkResult walk;
        if (firstLevel)
        {
            var reader = new VtdDirectReader(memory, marks: false);
            VtdFirstLevelWalker.Walk(ref reader, Root, 4, iova, write: false, new VtdWalkRules(52), out walk);
        }
        else
        {
            VtdSecondLevelWalker.Walk(memory, Root, 4, iova, new VtdWalkRules(52), out walk);
        }

        Assert.Equal(WalkStatus.Ok, walk.Status);
        return walk.Entry;
    }

    private static VtdPageTable MakeTable(PhysicalMemory memory, bool firstLevel, KernelVersion kernel) =>
        new(memory, new FrameAllocator(memory, Root, 0x10_0000, OwnerTag.Host), new VtdPageTableOptions { Kernel = kernel, FirstLevel = firstLevel });
}
