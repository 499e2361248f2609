using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.IpmmuVmsa;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.IpmmuVmsa;

public sealed class WorkedExampleTests
{
    private const Protection ReadWrite = Protection.Read | Protection.Write;

    [Theory]
    [InlineData(0x40001000UL, 0x7123456000UL, 0x1000UL, ReadWrite, 2, 0x0000007123456e63UL)]
    [InlineData(0x40001000UL, 0x7123456000UL, 0x1000UL, Protection.Read, 2, 0x0000007123456ee3UL)]
    [InlineData(0x40001000UL, 0x7123456000UL, 0x1000UL, ReadWrite | Protection.Cache, 2, 0x0000007123456f67UL)]
    [InlineData(0x40200000UL, 0x0740200000UL, 0x200000UL, ReadWrite | Protection.NoExecute, 1, 0x0060000740200e61UL)]
    [InlineData(0xc0000000UL, 0x8040000000UL, 0x40000000UL, ReadWrite, 0, 0x0000008040000e61UL)]
    [InlineData(0x40001000UL, 0x00e6000000UL, 0x1000UL, Protection.Write | Protection.Mmio | Protection.NoExecute, 2, 0x00600000e6000e6bUL)]
    public void A_mapping_is_this_word_and_DMA_lands_there(ulong iova, ulong physical, ulong size, Protection protection, int level, ulong word)
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        var domain = rig.Empty();
        rig.Run(rig.Driver.Attach(domain, IpmmuRig.Device));

        rig.Map(domain, iova, physical, protection, size);

        Assert.Equal(word, rig.Memory.Read64(rig.Words(domain, iova)[level]));
        Assert.Equal(physical + 0x123, rig.Dma(iova + 0x123));
        Assert.Equal((protection & Protection.Write) != 0 ? physical + 0x123 : null, rig.Dma(iova + 0x123, DmaAccess.Write));
        Assert.Equal(physical + size - 8, rig.Dma(iova + size - 8));
        Assert.Equal(physical + 0x123, domain.Tables!.Lookup(iova + 0x123));
    }

    [Fact]
    public void A_table_word_has_NSTable_and_the_walker_ignores_the_bit_that_software_adds()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        var domain = rig.Attached();
        foreach (var address in rig.Words(domain, IpmmuRig.MappedIova)[..2])
        {
            var word = rig.Memory.Read64(address);
            Assert.Equal(0x8080_0000_0000_0003UL, word & ~0xff_ffff_f000UL);
            rig.Memory.Write64(address, word & ~(1UL << 55));
        }

        Assert.Equal(IpmmuRig.PageA, rig.Dma());
    }

    [Fact]
    public void A_micro_TLB_for_context_3_is_set_to_33() => Assert.Equal(0x33u, MicroTlbControl.Select(3).Raw);

    [Fact]
    public void Contexts_above_7_of_Gen4_lie_600_further_on()
    {
        Assert.Equal(0x19840UL, IpmmuVmsaHardware.Gen4.Context(9, 0));
        Assert.Equal(0x10000UL + (7 * 0x1040), IpmmuVmsaHardware.Gen4.Context(7, 0));
    }

    [Theory]
    [InlineData("gen2", 31, 0xcf0UL)]
    [InlineData("gen3", 31, 0x4f0UL)]
    [InlineData("gen3", 32, 0x600UL)]
    [InlineData("gen4", 61, 0x37d0UL)]
    public void Micro_TLBs_from_32_up_have_a_block_of_their_own(string variant, int number, ulong offset) =>
        Assert.Equal(offset, IpmmuVmsaHardware.All.Single(hardware => hardware.Name == variant).MicroTlb(number, IpmmuVmsaRegisters.MicroTlbControl));

    [Theory]
    [InlineData("gen2", 0x80003510u)]
    [InlineData("gen3", 0x80000080u)]
    [InlineData("gen4", 0x80000080u)]
    public void The_context_starts_at_level_1_with_long_descriptors(string variant, uint control)
    {
        using var rig = IpmmuRig.Of(variant, KernelVersion.Linux61);
        var domain = rig.Attached();

        Assert.Equal(control, rig.ReadContext(domain.Context!.Value, IpmmuVmsaRegisters.TableControl));
        Assert.Equal(IpmmuRig.PageA, rig.Dma());
    }

    [Fact]
    public void The_first_attach_of_Gen2_writes_this()
    {
        using var rig = IpmmuRig.Of("gen2", KernelVersion.Linux61);
        var domain = rig.Empty();
        rig.Driver.Finalise(domain, IpmmuRig.Device);
        var table = domain.Tables!.Root;

        Assert.Equal(
            [
                $"write IMTTLBR0[0] = 0x{(uint)table:x}",
                $"write IMTTUBR0[0] = 0x{table >> 32:x}",
                "write IMTTBCR[0] = 0x80003510",
                "write IMMAIR0[0] = 0xf404ff44",
                "read  IMBUSCR[0] -> 0x0",
                "write IMBUSCR[0] = 0x0",
                "read  IMSTR[0] -> 0x0",
                "write IMSTR[0] = 0x0",
                "write IMCTR[0] = 0x7",
                "write IMUASID[5] = 0x0",
                "write IMUCTR[5] = 0x3",
            ],
            rig.Log(rig.Driver.Attach(domain, IpmmuRig.Device)));
    }

    [Fact]
    public void A_flush_goes_to_leaf_and_root_and_is_read_from_the_root()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        var domain = rig.Attached();

        Assert.Equal(
            ["read  root.IMCTR[1] -> 0x5", "write ipmmu0.IMCTR[1] = 0x7", "write root.IMCTR[1] = 0x7", "read  root.IMCTR[1] -> 0x5"],
            rig.Log(rig.Driver.FlushAll(domain)));
    }
}
