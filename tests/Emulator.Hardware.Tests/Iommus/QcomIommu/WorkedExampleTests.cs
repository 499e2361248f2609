using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.QcomIommu;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.QcomIommu;

public sealed class WorkedExampleTests
{
    private const Protection ReadWrite = Protection.Read | Protection.Write;

    [Theory]
    [InlineData(0x0040_0000UL, 0x8321_0000UL, ReadWrite, 0x0000_0000_8321_0e43UL)]
    [InlineData(0x4020_1000UL, 0x8_8000_3000UL, Protection.Read | Protection.NoExecute, 0x0060_0008_8000_3ec3UL)]
    [InlineData(0x0040_1000UL, 0x8321_1000UL, Protection.Write, 0x0000_0000_8321_1e43UL)]
    [InlineData(0x0040_1000UL, 0x8321_1000UL, Protection.Read, 0x0000_0000_8321_1ec3UL)]
    public void A_mapping_is_this_word_and_DMA_lands_there(ulong iova, ulong physical, Protection protection, ulong word)
    {
        using var rig = new QcomRig();
        var domain = rig.Empty();
        rig.Run(rig.Driver.Attach(domain, QcomRig.Device));

        rig.Map(domain, iova, physical, protection);

        var words = rig.Words(domain, iova);
        Assert.Equal(word, rig.Memory.Read64(words[2]));
        Assert.Equal((words[1] & ~0xfffUL) | 0x0080_0000_0000_0003UL, rig.Memory.Read64(words[0]));
        Assert.Equal(physical + 0x123, rig.Dma(iova + 0x123));
        Assert.Equal((protection & Protection.Write) != 0 ? physical + 0x123 : null, rig.Dma(iova + 0x123, DmaAccess.Write));
    }

    [Fact]
    public void A_block_is_walked_though_Linux_never_writes_one()
    {
        using var rig = new QcomRig();
        var domain = rig.Attached();
        Assert.Equal(0x1000UL, domain.Tables!.PageSizeBitmap);
        rig.Map(domain, 0x8040_0000, QcomRig.PageB);
        rig.Memory.Write64(rig.Words(domain, 0x8040_0000)[1] + 8, 0x0000_0000_90c0_0f45);

        Assert.Equal(0x90c1_2345UL, rig.Dma(0x8061_2345));
    }

    [Fact]
    public void The_first_attach_to_bank_4_writes_this()
    {
        using var rig = new QcomRig();
        var domain = rig.Empty();
        var device = new DmaDevice("four", new StreamId(4));
        rig.Driver.Finalise(domain, device);

        Assert.Equal(
            [
                "write SCTLR[4] = 0x0",
                "write FAR[4] = 0x0",
                "write FSR[4] = 0xc00001fe",
                $"write TTBR0[4] = 0x{0x0004_0000_0000_0000UL | domain.Tables!.Root:x}",
                "write TTBR1[4] = 0x0",
                "write TCR2[4] = 0x38002",
                "write TCR[4] = 0x80802020",
                "write MAIR0[4] = 0xf404ff44",
                "write MAIR1[4] = 0xffffffff",
                "write SCTLR[4] = 0x10e7",
            ],
            rig.Log(rig.Driver.Attach(domain, device)));
    }

    [Fact]
    public void The_detach_leaves_TTBR0_and_a_DMA_goes_where_it_says()
    {
        using var rig = new QcomRig();
        var domain = rig.Attached();
        var table = rig.Read(QcomIommuRegisters.TableBase0, width: 8);

        Assert.Equal(["write SCTLR[1] = 0x0"], rig.Log(rig.Driver.Detach(domain, QcomRig.Device)));

        Assert.Equal(table, rig.Read(QcomIommuRegisters.TableBase0, width: 8));
        Assert.Equal(0x0040_1000UL, rig.Dma(0x0040_1000));
    }

    [Fact]
    public void An_unmap_invalidates_its_page_by_address_and_ASID_and_waits()
    {
        using var rig = new QcomRig();
        var device = new DmaDevice("four", new StreamId(4));
        var domain = rig.Attached(device: device);
        rig.Map(domain, 0x0040_1000, QcomRig.PageB);

        Assert.Equal(
            ["write TLBIVAL[4] = 0x401004", "write TLBSYNC[4] = 0x0", "read  TLBSTATUS[4] -> 0x0"],
            rig.Log(DomainMapping.Unmap(rig.Driver, domain, 0x0040_1000, 0x1000)));
    }
}
