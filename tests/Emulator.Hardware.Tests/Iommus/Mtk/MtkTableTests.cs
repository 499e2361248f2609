using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Mtk;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Mtk;

public sealed class MtkTableTests
{
    [Theory]
    [InlineData("mt8173", false, 0x12345000, 0x80001000, Protection.None, 0x80001c42)]
    [InlineData("mt8173", false, 0x12345000, 0x80001000, Protection.Cache, 0x80001c4e)]
    [InlineData("mt8173", false, 0x12345000, 0x80001000, Protection.Mmio, 0x80001c06)]
    [InlineData("mt2712", true, 0x12345000, 0x80001000, Protection.None, 0x80001e42)]
    [InlineData("mt8183", false, 0x00200000, 0x5c0de7000, Protection.None, 0xc0de7e62)]
    [InlineData("mt8195_infra", false, 0x00200000, 0x5c0de7000, Protection.None, 0xc0de7e62)]
    public void A_small_page_holds_35_bits_of_address_and_no_permissions(string chip, bool fourGigabytes, ulong iova, ulong page, Protection attributes, uint word)
    {
        using var rig = new MtkRig(chip, fourGigabytes: fourGigabytes).Attach();
        Assert.Equal(0, rig.Map(iova, page, 0x1000, Protection.Read | attributes));
        Assert.Equal(word, rig.Level2(iova));
        Assert.Equal(page + 0x123, rig.Dma(iova + 0x123, DmaAccess.Write));
        Assert.Equal(page + 0x123, rig.Driver.Lookup(rig.Domain, iova + 0x123));
    }

    [Fact]
    public void A_section_in_4_GiB_mode_has_bit_32_whatever_it_is_mapped_to()
    {
        using var rig = new MtkRig("mt2712", fourGigabytes: true).Attach();
        Assert.Equal(0, rig.Map(0x4000_0000, 0x9000_0000, 0x10_0000));
        Assert.Equal(0x900b1202u, rig.Level1(1024));
        Assert.Equal(0x9001_2345UL, rig.Dma(0x4001_2345));
        Assert.Equal(0x9001_2345UL, rig.Driver.Lookup(rig.Domain, 0x4001_2345));
    }

    [Fact]
    public void The_gibibyte_above_four_keeps_its_address_in_4_GiB_mode()
    {
        using var rig = new MtkRig("mt8173", fourGigabytes: true).Attach();
        Assert.Equal(0, rig.Map(0x4000_0000, 0x1_2000_0000, 0x1000));
        Assert.Equal(0x1_2000_0000UL, rig.Dma(0x4000_0000));
        Assert.Equal(0x1_2000_0000UL, rig.Driver.Lookup(rig.Domain, 0x4000_0000));
    }

    [Theory]
    [InlineData(4, 0x240000000, 0x640000000, 0x100000, 9216, 1, 0x400b1032)]
    [InlineData(3, 0x3ff000000, 0x700000000, 0x1000000, 16368, 16, 0x000f1232)]
    public void Sections_and_supersections_lie_in_a_first_table_of_64_KiB(uint region, ulong iova, ulong page, ulong size, ulong index, int words, uint word)
    {
        using var rig = new MtkRig("mt8192", options: new MtkDriverOptions { RegionOf = _ => region }).Attach();
        Assert.Equal(0, rig.Map(iova, page, size));
        for (var i = 0; i < words; i++)
            Assert.Equal(word, rig.Level1(index + (ulong)i));
        Assert.Equal(page + size - 1, rig.Dma((uint)(iova + size - 1)));
    }

    [Fact]
    public void A_large_page_is_sixteen_words_with_TEX_moved()
    {
        using var rig = new MtkRig("mt8192", options: new MtkDriverOptions { RegionOf = _ => 1 }).Attach();
        Assert.Equal(0, rig.Map(0x1_0001_0000, 0x3_c0ab_0000, 0x10000));
        Assert.Equal(1u, rig.Level1(4096) & 3);
        for (var i = 0UL; i < 16; i++)
            Assert.Equal(0xc0ab1e11u, rig.Level2(0x1_0001_0000 + (i << 12)));
        Assert.Equal(0UL, rig.Level2(0x1_0000_f000));
        Assert.Equal(0x3_c0ab_9876UL, rig.Dma(0x0001_9876));
    }

    [Fact]
    public void Tables_below_4_GiB_are_marked_non_secure()
    {
        using var rig = new MtkRig("mt8183", frames: new GivenFrames(0x5000_0000, 0x4001_0000, 0x4100_0400)).AttachAndMap();
        Assert.Equal(0x41000409u, rig.Level1(0x123));
        Assert.Equal(0x4001_0000UL, rig.Read(MtkRegisters.TableBase));
        Assert.Equal(MtkRig.Page, rig.Dma());
    }

    [Theory]
    [InlineData("mt6779", KernelVersion.Linux61)]
    [InlineData("mt8188_vdo", KernelVersion.Linux612)]
    [InlineData("mt8188_infra", KernelVersion.Linux612)]
    public void Tables_of_some_chips_may_lie_above_4_GiB(string chip, KernelVersion kernel)
    {
        using var rig = new MtkRig(chip, kernel, frames: new GivenFrames(0x5000_0000, 0x2_4001_0000, 0x2_4100_0400)).AttachAndMap();
        Assert.Equal(0x41000419u, rig.Level1(0x123));
        Assert.Equal(0x40010002UL, rig.Read(MtkRegisters.TableBase));
        Assert.Equal(MtkRig.Page, rig.Dma());
    }

    [Theory]
    [InlineData("mt8183")]
    [InlineData("mt8186")]
    [InlineData("mt8192")]
    [InlineData("mt8195_vdo")]
    [InlineData("mt8195_infra")]
    public void Others_have_no_memory_for_a_table_there(string chip)
    {
        using var rig = new MtkRig(chip, frames: new GivenFrames(0x5000_0000, 0x4001_0000, 0x2_4100_0400)).Attach();
        Assert.Equal(-(long)Errno.ENOMEM, rig.Map(MtkRig.Iova, MtkRig.Page, 0x1000));
    }

    [Fact]
    public void An_unaligned_page_is_stored_and_the_silicon_reads_another_address()
    {
        using var rig = new MtkRig("mt8183").Attach();
        Assert.Equal(Errno.None, rig.Driver.MapPages(rig.Table, 0x10000, 0x8000_3000, 0x10000, 1, MtkRig.ReadWrite).Errno);
        Assert.Equal(0x80003c01u, rig.Level2(0x10000));
        Assert.Equal(0x8000_0000UL, rig.Dma(0x10000));
    }

    [Theory]
    [InlineData(0x12345000, 0x1000, 0UL, 0x12345000UL, 0x12345000UL)]
    [InlineData(0x3ff000000, 0x1000000, 3UL, 0xff000003UL, 0xfffff003UL)]
    public void A_range_to_invalidate_has_its_upper_bits_at_the_bottom(ulong iova, ulong size, ulong region, ulong first, ulong last)
    {
        using var rig = new MtkRig("mt8192", options: new MtkDriverOptions { RegionOf = _ => (uint)region }).Attach();
        Assert.Equal(
            ["write m4u.INV_SEL = 0x3", $"write m4u.INVLD_START = 0x{first:x}", $"write m4u.INVLD_END = 0x{last:x}", "write m4u.INVALIDATE = 0x1", "read  m4u.CPE_DONE -> 0x1", "write m4u.CPE_DONE = 0x0"],
            rig.Trace(rig.Driver.Map(rig.Domain, iova, 0x7_0000_0000, size, MtkRig.ReadWrite)));
    }

    private sealed class GivenFrames(params ulong[] addresses) : IFrameAllocator
    {
        private int _next;

        public ulong Allocate(ulong size) => addresses[_next++];

        public void Free(ulong address, ulong size)
        {
        }
    }
}
