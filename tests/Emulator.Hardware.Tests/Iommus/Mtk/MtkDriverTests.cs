using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Mtk;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Mtk;

public sealed class MtkDriverTests
{
    private const ulong Bank4 = 4 * MtkRegisters.BankSize;

    [Fact]
    public void The_first_attach_programs_the_globals_then_the_bank_then_the_table()
    {
        using var rig = new MtkRig("mt8192");
        rig.Write(MtkRegisters.WriteLength, 0x0020_0021);
        rig.Write(MtkRegisters.Miscellaneous, 0x000f_000f);
        Assert.Equal(
            [
                "read  m4u.CTRL_REG -> 0x0", "write m4u.CTRL_REG = 0x20", "write m4u.DCM_DIS = 0x0", "read  m4u.WR_LEN_CTRL -> 0x200021", "write m4u.WR_LEN_CTRL = 0x1",
                "read  m4u.MISC_CTRL -> 0xf000f", "write m4u.MISC_CTRL = 0x50005", "write m4u.INT_CONTROL0 = 0x6f", "write m4u.INT_MAIN_CONTROL = 0x3fff",
            ],
            rig.Trace(rig.Driver.Attach(rig.Domain, rig.Device))[..9]);
        Assert.Empty(rig.Trace(rig.Driver.Attach(rig.Domain, MtkRig.DeviceOf(6))));
    }

    [Theory]
    [InlineData("mt8173", KernelVersion.Linux61, 0u, 0x50UL, 0UL, 0x200021UL)]
    [InlineData("mt8183", KernelVersion.Linux61, 0x3u, 0x23UL, 0UL, 0x200021UL)]
    [InlineData("mt2712", KernelVersion.Linux61, 0u, 0x20UL, 0UL, 0x200021UL)]
    [InlineData("mt8195_infra", KernelVersion.Linux61, 0u, 0x20UL, 0x100UL, 1UL)]
    [InlineData("mt8188_infra", KernelVersion.Linux612, 0u, 0x20UL, 0x100UL, 1UL)]
    public void What_the_globals_become_is_the_chips(string chip, KernelVersion kernel, uint control, ulong controlAfter, ulong clocks, ulong length)
    {
        using var rig = new MtkRig(chip, kernel);
        rig.Write(MtkRegisters.Control, control);
        rig.Write(MtkRegisters.WriteLength, 0x0020_0021);
        rig.Attach();
        Assert.Equal((controlAfter, clocks, length), (rig.Read(MtkRegisters.Control), rig.Read(MtkRegisters.ClockManagement), rig.Read(MtkRegisters.WriteLength)));
    }

    [Theory]
    [InlineData(0x1000u, false)]
    [InlineData(0u, true)]
    public void An_unmap_while_the_M4U_sleeps_is_made_good_at_its_resume_unless_WR_LEN_CTRL_was_0(uint length, bool stale)
    {
        using var rig = new MtkRig("mt8183");
        rig.Write(MtkRegisters.WriteLength, length);
        rig.AttachAndMap();
        Assert.Equal(MtkRig.Page, rig.Dma());
        rig.Run(rig.Driver.SuspendDevice(rig.Device));
        Assert.Empty(rig.Trace(rig.Driver.Unmap(rig.Domain, MtkRig.Iova, 0x1000)));
        Assert.Equal(MtkRig.Page, rig.Dma());
        rig.Run(rig.Driver.ResumeDevice(rig.Device));
        Assert.Equal(stale, rig.Dma() == MtkRig.Page);
    }

    [Fact]
    public void Infrastructure_does_not_ask_whether_it_is_awake_and_no_device_wakes_it()
    {
        using var rig = new MtkRig("mt8195_infra").AttachAndMap();
        Assert.Empty(rig.Driver.ResumeDevice(rig.Device));
        Assert.Equal(MtkRig.Page, rig.Dma());
        Assert.Equal(0x1000, rig.Run(rig.Driver.Unmap(rig.Domain, MtkRig.Iova, 0x1000)));
        Assert.Equal(rig.ProtectBuffer, rig.Dma());
    }

    [Fact]
    public void Suspend_saves_and_resume_restores_with_table_and_protect_buffer()
    {
        using var rig = new MtkRig("mt8192");
        rig.Write(MtkRegisters.WriteLength, 1);
        rig.AttachAndMap();
        var protect = rig.Read(MtkRegisters.ProtectAddress);
        rig.Run(rig.Driver.SuspendDevice(rig.Device));
        ulong[] lost = [MtkRegisters.TableBase, MtkRegisters.Control, MtkRegisters.InterruptControl, MtkRegisters.InterruptMain, MtkRegisters.ProtectAddress, MtkRegisters.WriteLength];
        foreach (var offset in lost)
            rig.Write(offset, 0);
        rig.Run(rig.Driver.ResumeDevice(rig.Device));
        Assert.Equal([rig.Table.TranslationTableBase, 0x20, 0x6f, 0x3fff, protect, 1], lost.Select(rig.Read));
        Assert.Equal(MtkRig.Page, rig.Dma());
    }

    [Fact]
    public void A_translation_stays_until_a_range_that_holds_it_or_everything_is_invalidated()
    {
        using var rig = new MtkRig("mt8173").AttachAndMap();
        Assert.Equal(MtkRig.Page, rig.Dma());
        rig.Table.Unmap(MtkRig.Iova, 0x1000, 1, new InvalidationGather());
        Assert.Equal(0, rig.Map(0x1000, 0x2000, 0x1000));
        Assert.Equal(MtkRig.Page, rig.Dma());
        rig.Write(rig.Hardware.InvalidateSelect, 0);
        rig.Write(MtkRegisters.Invalidate, MtkRegisters.InvalidateAll);
        Assert.Equal(MtkRig.Page, rig.Dma());
        rig.Run(rig.Driver.FlushAll(rig.Domain));
        Assert.Equal(rig.ProtectBuffer, rig.Dma());
    }

    [Theory]
    [InlineData("mt8173", 0x38UL)]
    [InlineData("mt8365", 0x38UL)]
    [InlineData("mt8186", 0x2cUL)]
    public void INV_SEL_is_where_the_chips_generation_has_it(string chip, ulong offset)
    {
        using var rig = new MtkRig(chip, KernelVersion.Linux612).AttachAndMap();
        Assert.Equal(3UL, rig.Read(offset));
    }

    [Fact]
    public void A_range_is_of_its_banks_entries_and_everything_is_of_all()
    {
        using var rig = new MtkRig("mt8195_infra").AttachAndMap();
        rig.Attach(MtkRig.DeviceOf(20));
        Assert.Equal((MtkRig.Page, MtkRig.Page), (rig.Dma(), rig.Dma(port: 20)));
        rig.Table.Unmap(MtkRig.Iova, 0x1000, 1, new InvalidationGather());
        Invalidate(0, MtkRegisters.InvalidateRange);
        Assert.Equal((rig.ProtectBuffer, MtkRig.Page), (rig.Dma(), rig.Dma(port: 20)));
        Assert.Equal(1UL, rig.Read(MtkRegisters.InvalidationDone));
        Assert.Equal(0UL, rig.Read(Bank4 + MtkRegisters.InvalidationDone));
        Invalidate(0, MtkRegisters.InvalidateAll);
        Assert.Equal(rig.ProtectBuffer, rig.Dma(port: 20));

        void Invalidate(ulong bank, uint command)
        {
            rig.Write(bank + rig.Hardware.InvalidateSelect, 3);
            rig.Write(bank + MtkRegisters.InvalidateStart, (uint)MtkRig.Iova);
            rig.Write(bank + MtkRegisters.InvalidateEnd, (uint)MtkRig.Iova);
            rig.Write(bank + MtkRegisters.Invalidate, command);
        }
    }

    [Fact]
    public void A_domain_invalidates_in_the_bank_of_its_first_device_only()
    {
        using var rig = new MtkRig("mt8195_infra").AttachAndMap(MtkRig.DeviceOf(20));
        rig.Attach();
        Assert.Equal((MtkRig.Page, MtkRig.Page), (rig.Dma(), rig.Dma(port: 20)));
        Assert.Equal("write m4u.BANK4_INV_SEL = 0x3", rig.Trace(rig.Driver.Unmap(rig.Domain, MtkRig.Iova, 0x1000))[0]);

        // The other bank has the same table, and keeps what it knew.
        Assert.Equal((MtkRig.Page, rig.ProtectBuffer), (rig.Dma(), rig.Dma(port: 20)));

        var second = rig.Driver.AllocateDomain(DomainType.Unmanaged);
        rig.Attach(MtkRig.DeviceOf(21), second);
        Assert.Equal("write m4u.BANK4_INV_SEL = 0x3", rig.Trace(rig.Driver.Map(second, 0x1000, 0x2000, 0x1000, MtkRig.ReadWrite))[0]);
    }

    [Fact]
    public void A_device_with_ports_of_two_banks_is_of_the_first()
    {
        using var rig = new MtkRig("mt8195_infra").Attach(MtkRig.DeviceOf(17, 20));
        Assert.Equal(rig.Table.TranslationTableBase, rig.Read(MtkRegisters.TableBase));
        Assert.Equal(0UL, rig.Read(Bank4 + MtkRegisters.TableBase));
    }

    [Fact]
    public void An_invalidation_that_never_ends_is_followed_by_one_of_everything()
    {
        using var rig = new MtkRig("mt8173").Attach();
        var steps = rig.Trace(rig.Driver.Map(rig.Domain, 0x1000, 0x2000, 0x1000, Protection.Read), step =>
        {
            if (step.Address == MtkRegisters.InvalidationDone && step.Kind == DriverStepKind.ReadRegister)
                step.Value = 0;
        });
        Assert.Equal(["read  m4u.CPE_DONE -> 0x0", "write m4u.CPE_DONE = 0x0", "write m4u.INV_SEL = 0x3", "write m4u.INVALIDATE = 0x2"], steps[^4..]);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, 0x12346000UL)]
    [InlineData(KernelVersion.Linux612, 0x12347000UL)]
    public void An_unmap_that_meets_a_hole_invalidates_as_far_as_its_kernel_asked_in_one_call(KernelVersion kernel, ulong last)
    {
        using var rig = new MtkRig("mt8173", kernel).AttachAndMap();
        Assert.Equal(0, rig.Map(MtkRig.Iova + 0x2000, 0x9000_0000, 0x1000));
        Assert.Contains($"write m4u.INVLD_END = 0x{last:x}", rig.Trace(rig.Driver.Unmap(rig.Domain, MtkRig.Iova, 0x3000)));
        Assert.Equal(0x9000_0000UL, rig.Driver.Lookup(rig.Domain, MtkRig.Iova + 0x2000));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void A_map_over_a_page_in_use_is_taken_back(KernelVersion kernel)
    {
        using var rig = new MtkRig("mt8173", kernel).AttachAndMap();
        Assert.Equal(-(long)Errno.EEXIST, rig.Map(MtkRig.Iova - 0x1000, 0x2000, 0x2000));
        Assert.Null(rig.Driver.Lookup(rig.Domain, MtkRig.Iova - 0x1000));
        Assert.Equal(MtkRig.Page, rig.Dma());
        var steps = rig.Trace(rig.Driver.Map(rig.Domain, MtkRig.Iova, 0x2000, 0x1000, MtkRig.ReadWrite));
        Assert.Equal(["write m4u.INVLD_START = 0xffffffff", "write m4u.INVLD_END = 0x0"], steps[1..3]);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        using var rig = new MtkRig("mt8173").Attach();
        Assert.Equal(-(long)Errno.EINVAL, rig.Map(0x1800, 0x2000, 0x1000));
        Assert.Equal(-(long)Errno.ERANGE, rig.Map(0x1_0000_0000, 0x2000, 0x1000));
        Assert.Equal(-(long)Errno.ERANGE, rig.Map(0x1000, 0x1_0000_0000, 0x1000));
        Assert.Equal(-(long)Errno.EINVAL, rig.Map(0x1000, 0x2000, 0x1000, Protection.Cache));
        var unattached = rig.Driver.AllocateDomain(DomainType.Unmanaged);
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Map(unattached, 0x1000, 0x2000, 0x1000, MtkRig.ReadWrite)));
        Assert.Empty(rig.Driver.FlushAll(unattached));
    }

    [Theory]
    [InlineData("mt8192", 0u, 0, 0UL, 0xff7f_ffffUL)]
    [InlineData("mt8192", 4u, 31, 0x1_0000_0000UL, 0x1_ff7f_ffffUL)]
    [InlineData("mt8192", 13u, 8, 0x2_0000_0000UL, 0x2_ff7f_ffffUL)]
    [InlineData("mt8192", 13u, 9, 0x2_4000_0000UL, 0x2_43ff_ffffUL)]
    [InlineData("mt8192", 14u, 5, 0x2_4400_0000UL, 0x2_47ff_ffffUL)]
    [InlineData("mt8186", 14u, 0, 0x2_4400_0000UL, 0x2_47ff_ffffUL)]
    [InlineData("mt8195_vdo", 24u, 0, 0x1_0000_0000UL, 0x1_ff7f_ffffUL)]
    [InlineData("mt8195_vdo", 18u, 2, 0x2_4400_0000UL, 0x2_47ff_ffffUL)]
    [InlineData("mt8188_vdo", 20u, 0, 0x2_0000_0000UL, 0x2_ff7f_ffffUL)]
    [InlineData("mt8188_vdo", 24u, 1, 0x2_4000_0000UL, 0x2_43ff_ffffUL)]
    [InlineData("mt8183", 1u, 0, 0UL, 0xff7f_ffffUL)]
    public void In_6_12_a_port_has_its_region_by_table_and_regions_of_4_GiB_end_8_MiB_early(string chip, uint larb, int port, ulong first, ulong last)
    {
        using var rig = new MtkRig(chip, KernelVersion.Linux612);
        var device = MtkRig.DeviceOf((larb * 32) + (uint)port);
        Assert.Equal(0, rig.Run(rig.Driver.ProbeDevice(device)));
        rig.Attach(device);
        Assert.Equal(new DomainGeometry(first, last), rig.Domain.Geometry);
        Assert.Equal(first >> 32, rig.Ports.RegionOf((larb * 32) + (uint)port));
    }

    [Theory]
    [InlineData(3u, 0x3_0000_0000UL, 0x3_ffff_ffffUL)]
    [InlineData(5u, 0x2_4400_0000UL, 0x2_47ff_ffffUL)]
    public void In_6_1_firmware_says_the_region_and_it_has_all_of_its_size(uint region, ulong first, ulong last)
    {
        using var rig = new MtkRig("mt8192", options: new MtkDriverOptions { RegionOf = _ => region }).Attach();
        Assert.Equal(new DomainGeometry(first, last), rig.Domain.Geometry);
    }

    [Fact]
    public void Devices_of_two_larbs_of_no_larb_or_of_no_region_are_refused()
    {
        using var rig = new MtkRig("mt8192", KernelVersion.Linux612);
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.ProbeDevice(MtkRig.DeviceOf(31, 32))));
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.ProbeDevice(MtkRig.DeviceOf(32 * 32))));
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.ProbeDevice(MtkRig.DeviceOf(3 * 32))));
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Attach(rig.Domain, MtkRig.DeviceOf(3 * 32))));
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.ProbeDevice(MtkRig.DeviceOf((13 * 32) + 8, (13 * 32) + 9))));
    }

    [Theory]
    [InlineData("mt8188_vdo")]
    [InlineData("mt8188_infra")]
    [InlineData("mt8365")]
    public void Linux_6_1_does_not_know_the_youngest_chips(string chip) => Assert.Throws<ArgumentException>(() => new MtkRig(chip).Dispose());

    [Theory]
    [InlineData("mt8173")]
    [InlineData("mt8192")]
    [InlineData("mt8195_infra")]
    public void Translate_allocates_nothing(string chip)
    {
        using var rig = new MtkRig(chip).AttachAndMap();
        var requests = Enumerable.Range(0, 256).Select(i => new DmaRequest(rig.Device.Stream, new Iova(MtkRig.Iova + ((ulong)i << 9)), DmaAccess.Write)).ToArray();
        var completions = new DmaCompletion[256];
        rig.Silicon.Translate(requests, completions);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                rig.Silicon.Translate(requests, completions);
        }));
    }
}
