using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.Rockchip;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Tests.Iommus.Rockchip;

public sealed class DriverTests
{
    private const long InUse = -(long)Errno.EADDRINUSE;

    [Fact]
    public void Enable_writes_the_registers_in_the_kernels_order()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        var writes = rig.Log(rig.Driver.Attach(rig.Domain(), rig.Device)).Where(step => step.StartsWith("write", StringComparison.Ordinal));

        Assert.Equal(
            [
                "write rk0.DTE_ADDR = 0xcafeb000",
                "write rk0.COMMAND = 0x6",
                "write rk0.DTE_ADDR = 0x40000001",
                "write rk0.COMMAND = 0x4",
                "write rk0.INT_MASK = 0x3",
                "write rk0.AUTO_GATING = 0x80000000",
                "write rk0.COMMAND = 0x0",
            ],
            writes);
    }

    [Fact]
    public void Disable_writes_the_registers_in_the_kernels_order()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        var domain = rig.Attached();
        var writes = rig.Log(rig.Driver.Detach(domain, rig.Device)).Where(step => step.StartsWith("write", StringComparison.Ordinal));

        Assert.Equal(
            ["write rk0.COMMAND = 0x2", "write rk0.COMMAND = 0x1", "write rk0.INT_MASK = 0x0", "write rk0.DTE_ADDR = 0x0", "write rk0.COMMAND = 0x3"],
            writes);
    }

    [Theory]
    [MemberData(nameof(RockchipRig.Cases), MemberType = typeof(RockchipRig))]
    public void Both_banks_of_an_instance_are_programmed_alike(string variant, KernelVersion kernel)
    {
        using var rig = new RockchipRig(variant, kernel, driver: new RockchipDriverOptions { Banks = 2 });
        var domain = rig.Attached();
        Assert.Equal(RockchipRig.PageA, rig.Dma());
        Assert.Equal(RockchipRig.PageA, rig.Dma(unit: 1));
        Assert.Equal(RockchipRig.Iova, rig.Dma(unit: 2));

        Assert.Equal(
            ["write rk0.ZAP_ONE_LINE = 0xc03000", "write rk1.ZAP_ONE_LINE = 0xc03000"],
            rig.Log(rig.Driver.Unmap(domain, RockchipRig.Iova, 0x1000)));
        rig.Run(rig.Driver.Detach(domain, rig.Device));

        Assert.Equal(RockchipRig.Iova, rig.Dma());
        Assert.Equal(RockchipRig.Iova, rig.Dma(unit: 1));
    }

    [Fact]
    public void A_page_fault_in_the_second_bank_is_acknowledged_there()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61, driver: new RockchipDriverOptions { Banks = 2 });
        rig.Attached();
        rig.Send(0, unit: 1);

        var log = rig.Log(rig.Driver.HandleInterrupt());

        Assert.Equal("read  rk0.INT_STATUS -> 0x0", log[0]);
        Assert.Equal(["write rk1.COMMAND = 0x4", "write rk1.COMMAND = 0x5", "write rk1.INT_CLEAR = 0x1"], log[^3..]);
    }

    [Fact]
    public void Without_reset_the_registers_keep_what_firmware_left()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61, driver: new RockchipDriverOptions { ResetDisabled = true });
        rig.Bank.Registers.Write(RockchipRegisters.AutoGating, 4, 3);

        rig.Attached();

        Assert.Equal(0x8000_0003UL, rig.Read(RockchipRegisters.AutoGating));
        Assert.Equal(RockchipRig.PageA, rig.Dma());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, RockchipCommand.ForceReset)]
    [InlineData(KernelVersion.Linux61, RockchipCommand.EnablePaging)]
    [InlineData(KernelVersion.Linux612, RockchipCommand.ForceReset)]
    [InlineData(KernelVersion.Linux612, RockchipCommand.EnablePaging)]
    public void An_attach_that_times_out_leaves_the_device_detached(KernelVersion kernel, RockchipCommand stuck)
    {
        using var rig = new RockchipRig("v1", kernel);
        var domain = rig.Domain(RockchipRig.PageA);
        rig.Bank.IgnoredCommands.Add(stuck);

        Assert.Equal(-(long)Errno.ETIMEDOUT, rig.Run(rig.Driver.Attach(domain, rig.Device)));

        Assert.Equal(0UL, rig.Read(RockchipRegisters.DirectoryAddress));
        Assert.Equal(RockchipRig.Iova, rig.Dma());
        rig.Bank.IgnoredCommands.Clear();
        Assert.Equal(0, rig.Run(rig.Driver.Attach(domain, rig.Device)));
        Assert.Equal(RockchipRig.PageA, rig.Dma());
    }

    [Fact]
    public void A_resume_that_times_out_leaves_the_instance_asleep_and_attached()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        rig.Attached();
        rig.Run(rig.Driver.SuspendDevice(rig.Device));
        rig.Bank.IgnoredCommands.Add(RockchipCommand.ForceReset);

        Assert.Equal(-(long)Errno.ETIMEDOUT, rig.Run(rig.Driver.ResumeDevice(rig.Device)));

        rig.Bank.IgnoredCommands.Clear();
        Assert.Equal(0, rig.Run(rig.Driver.ResumeDevice(rig.Device)));
        Assert.Equal(RockchipRig.PageA, rig.Dma());
    }

    [Fact]
    public void A_directory_register_that_does_not_hold_its_value_fails_the_attach()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        var result = 0L;
        foreach (var step in rig.Driver.Attach(rig.Domain(), rig.Device))
        {
            if (step.Kind == DriverStepKind.Return)
                result = step.Result;
            else
                rig.Bus.Perform(step);
            if (step.Kind == DriverStepKind.ReadRegister && step.Address == RockchipRegisters.DirectoryAddress)
                step.Value ^= 1 << 20;
        }

        Assert.Equal(-(long)Errno.EFAULT, result);
        Assert.Equal(RockchipRig.Iova, rig.Dma());
    }

    [Fact]
    public void A_second_attach_to_the_same_domain_does_nothing()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        var domain = rig.Attached();

        Assert.Empty(rig.Log(rig.Driver.Attach(domain, rig.Device)));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, RockchipRig.PageA)]
    [InlineData(KernelVersion.Linux612, RockchipRig.Iova)]
    public void Only_6_1_looks_at_the_domain_that_a_device_is_detached_from(KernelVersion kernel, ulong landed)
    {
        using var rig = new RockchipRig("v1", kernel);
        rig.Attached();

        rig.Run(rig.Driver.Detach(rig.Domain(), rig.Device));

        Assert.Equal(landed, rig.Dma());
    }

    [Theory]
    [MemberData(nameof(RockchipRig.Cases), MemberType = typeof(RockchipRig))]
    public void A_map_over_a_mapped_page_takes_its_own_part_back(string variant, KernelVersion kernel)
    {
        using var rig = new RockchipRig(variant, kernel);
        var domain = rig.Attached();

        Assert.Equal(InUse, rig.Map(domain, RockchipRig.Iova - 0x3000, RockchipRig.PageB - 0x3000, 0x4000));
        Assert.Equal(InUse, rig.Map(domain, RockchipRig.Iova - 0x3000, RockchipRig.PageB + 0x4000, 0x4000));

        Assert.Null(domain.Tables!.Lookup(RockchipRig.Iova - 0x3000));
        Assert.Null(domain.Tables.Lookup(RockchipRig.Iova - 0x1000));
        Assert.Equal(RockchipRig.PageA, rig.Dma());
    }

    [Fact]
    public void A_map_that_finds_no_memory_for_a_table_takes_back_what_it_mapped()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 1UL << 30));
        var bus = new Bus(memory, new RockchipIommu("rk0", memory, RockchipHardware.V1));
        var driver = new RockchipDriver(KernelVersion.Linux61, RockchipHardware.V1, memory, new FrameAllocator(memory, 0x10_0000, 0x2000, OwnerTag.Host));
        var domain = (RockchipDomain)driver.AllocateDomain(DomainType.Unmanaged);

        Assert.Equal(-(long)Errno.ENOMEM, bus.Run(driver.Map(domain, 0x3f_f000, 0x1000, 0x2000, RockchipRig.ReadWrite)));

        Assert.Null(domain.Tables!.Lookup(0x3f_f000));
        Assert.Equal(0, bus.Run(driver.Map(domain, 0x3f_f000, 0x1000, 0x1000, RockchipRig.ReadWrite)));
        Assert.Equal(Errno.ENOMEM, Assert.Throws<DriverException>(() => driver.AllocateDomain(DomainType.Unmanaged)).Errno);
    }

    [Fact]
    public void A_map_invalidates_the_edges_of_each_block_only()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        var domain = rig.Attached();

        Assert.Equal(
            ["write rk0.ZAP_ONE_LINE = 0x1f000", "write rk0.ZAP_ONE_LINE = 0x20000", "write rk0.ZAP_ONE_LINE = 0x2f000"],
            rig.Log(rig.Driver.Map(domain, 0x1_f000, 0x1_f000, 0x1_1000, RockchipRig.ReadWrite)));
    }

    [Fact]
    public void A_block_of_4_MiB_fills_one_page_table()
    {
        using var rig = new RockchipRig("v2", KernelVersion.Linux612);
        var domain = rig.Domain();

        Assert.Equal(0, rig.Map(domain, 0x80_0000, 0x4000_0000, 0x80_0000));

        Assert.Equal(0x407f_f000UL, domain.Tables!.Lookup(0xff_f000));
        Assert.Null(domain.Tables.Lookup(0x100_0000));
        Assert.Equal(0x80_0000, rig.Run(rig.Driver.Unmap(domain, 0x80_0000, 0x80_0000)));
    }

    [Fact]
    public void An_unmap_ends_at_the_first_hole()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        var domain = rig.Domain(RockchipRig.PageA);
        rig.Map(domain, RockchipRig.Iova + 0x2000, RockchipRig.PageB, 0x1000);

        Assert.Equal(0x1000, rig.Run(rig.Driver.Unmap(domain, RockchipRig.Iova, 0x3000)));
        Assert.Equal(RockchipRig.PageB, domain.Tables!.Lookup(RockchipRig.Iova + 0x2000));
        Assert.Equal(0, rig.Run(rig.Driver.Unmap(domain, 0x8000_0000, 0x1000)));
    }

    [Theory]
    [InlineData(0x800, 0, 0x1000)]
    [InlineData(0, 0x800, 0x1000)]
    [InlineData(0, 0, 0x1800)]
    public void A_range_that_is_not_aligned_to_4_KiB_is_refused(ulong iova, ulong physical, ulong size)
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        var domain = rig.Domain();

        Assert.Equal(-(long)Errno.EINVAL, rig.Map(domain, iova, physical, size));
        Assert.Null(domain.Tables!.Lookup(0));
    }

    [Fact]
    public void Freeing_a_domain_gives_every_table_back()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        var domain = rig.Domain(RockchipRig.PageA);
        rig.Map(domain, 0x8000_0000, RockchipRig.PageB, 0x1000);
        var freed = rig.Frames.Freed;

        rig.Run(rig.Driver.FreeDomain(domain));

        Assert.Equal(freed + 3, rig.Frames.Freed);
        Assert.Null(domain.PageTable);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, DomainType.Blocked)]
    [InlineData(KernelVersion.Linux61, DomainType.Identity)]
    [InlineData(KernelVersion.Linux612, DomainType.Blocked)]
    public void There_is_no_domain_of_type(KernelVersion kernel, DomainType type)
    {
        using var rig = new RockchipRig("v1", kernel);

        Assert.Throws<DriverException>(() => rig.Driver.AllocateDomain(type));
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => rig.Driver.Block(rig.Device)).Errno);
        Assert.False(rig.Driver.HasNativeBlocking);
    }

    [Fact]
    public void An_instance_that_sleeps_has_no_interrupt_handler()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        rig.Run(rig.Driver.SuspendDevice(rig.Device));

        Assert.Empty(rig.Log(rig.Driver.HandleInterrupt()));
    }

    [Fact]
    public void The_platform_has_an_instance_for_each_device()
    {
        using var platform = RockchipRoom.Room.Create(new PlatformOptions { Devices = 2 });

        Assert.Equal(2, platform.Bus.Units.Count);
        Assert.Equal(1, platform.Device(1).Streams[0].Unit);
        Assert.Contains("0 to 1", Assert.Throws<ArgumentOutOfRangeException>(() => platform.Device(2)).Message, StringComparison.Ordinal);
        Assert.Throws<DriverException>(() => platform.Driver.ProbeDevice(new DmaDevice("far", [new StreamBinding(2, new StreamId(0))])));
    }

    [Theory]
    [InlineData("v1", KernelVersion.Linux612, false)]
    [InlineData("v2", KernelVersion.Linux61, false)]
    [InlineData("v2", KernelVersion.Linux612, true)]
    public void Only_6_12_on_v2_puts_tables_above_4_GiB(string variant, KernelVersion kernel, bool above)
    {
        using var platform = RockchipRoom.Room.Create(new PlatformOptions { Variant = variant, Kernel = kernel });

        Assert.Equal(above, ((RockchipDomain)platform.Driver.AllocateDomain(DomainType.Dma)).Tables!.Directory >= 1UL << 32);
    }

    [Theory]
    [MemberData(nameof(RockchipRig.Cases), MemberType = typeof(RockchipRig))]
    public void Nothing_strays_from_the_declared_registers(string variant, KernelVersion kernel)
    {
        using var rig = new RockchipRig(variant, kernel);
        var domain = rig.Attached();
        rig.Send(0);
        rig.Run(rig.Driver.HandleInterrupt());
        rig.Run(rig.Driver.Unmap(domain, RockchipRig.Iova, 0x1000));
        rig.Run(rig.Driver.Detach(domain, rig.Device));

        Assert.Equal(0, rig.Bank.Registers.UndeclaredAccesses);
    }
}
