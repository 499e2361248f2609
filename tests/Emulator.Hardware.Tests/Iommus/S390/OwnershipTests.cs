using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.S390;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Tests.Iommus.S390;

/// <summary>Attach, detach, block and release, judged by where DMA lands.</summary>
public sealed class OwnershipTests
{
    [Theory]
    [MemberData(nameof(ZpciMachine.Kernels), MemberType = typeof(ZpciMachine))]
    public void From_A_to_B_a_DMA_sees_A_then_nothing_then_B(KernelVersion kernel)
    {
        using var machine = new ZpciMachine(kernel);
        machine.Attached();
        var b = machine.Domain(ZpciMachine.PageB);
        var seen = new List<ulong?> { machine.Dma() };

        Assert.Equal(0, machine.Run(machine.Driver.Attach(b, ZpciMachine.Device()), _ => seen.Add(machine.Dma())));

        Assert.Equal([ZpciMachine.PageA, null, ZpciMachine.PageB], seen.Distinct());
        Assert.Equal(ZpciMachine.PageB, seen[^1]);
        Assert.Equal(0, machine.Silicon.Faults.Total);
    }

    [Fact]
    public void Detach_in_6_1_leaves_an_empty_table_registered_and_every_DMA_an_error()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        var domain = machine.Attached();
        machine.Dma();
        var quiet = new List<ulong?>();

        Assert.Equal(0, machine.Run(machine.Driver.Detach(domain, ZpciMachine.Device()), step =>
        {
            if (machine.Silicon.Faults.Total == 0 && machine.StoreControls() == 0x80)
                quiet.Add(machine.Dma());
        }));

        Assert.NotEmpty(quiet);
        Assert.All(quiet, Assert.Null);
        Assert.Equal(0x90u, machine.StoreControls());
        Assert.NotEqual(domain.Table!.Tables.Root | 0x804, machine.Registered().Iota);
        Assert.Null(machine.Dma());
        var report = machine.TakeEvent();
        Assert.Equal((S390EventCode.TranslationProtection, 1, FaultReason.NotPresent), (report.Code, report.Levels, report.Reason));
        Assert.Equal(S390FunctionState.Error, machine.State());
    }

    [Fact]
    public void After_a_detach_in_6_1_the_DMA_API_maps_again()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        machine.Run(machine.Driver.Detach(machine.Attached(), ZpciMachine.Device()));

        var iova = (ulong)machine.Run(machine.Driver.MapDma(ZpciMachine.Device(), ZpciMachine.PageB + 8, 0x100, S390DmaDirection.FromDevice));

        Assert.Equal(ZpciMachine.Start + 8, iova);
        Assert.Equal(ZpciMachine.PageB + 8, machine.Dma(iova, DmaAccess.Write));
    }

    [Fact]
    public void Detach_and_block_in_6_12_deregister_and_are_silent()
    {
        foreach (var block in (bool[])[false, true])
        {
            using var machine = new ZpciMachine(KernelVersion.Linux612);
            var domain = machine.Attached();
            machine.Dma();

            machine.Run(block ? machine.Driver.Block(ZpciMachine.Device()) : machine.Driver.Detach(domain, ZpciMachine.Device()));

            Assert.Null(machine.Dma());
            Assert.Equal((0x80u, false), (machine.StoreControls(), machine.Silicon.InterruptAsserted));
            var steps = 0;
            machine.Run(machine.Driver.Block(ZpciMachine.Device()), _ => steps++);
            Assert.Equal(0, steps);
        }
    }

    [Fact]
    public void An_empty_domain_in_6_1_is_registered_and_faults()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        machine.Attached();

        machine.Run(machine.Driver.Attach(machine.Driver.AllocateDomain(DomainType.Unmanaged), ZpciMachine.Device()));

        Assert.Equal(0x90u, machine.StoreControls());
        Assert.Null(machine.Dma());
        Assert.Equal(S390EventCode.TranslationProtection, machine.TakeEvent().Code);
    }

    [Theory]
    [MemberData(nameof(ZpciMachine.Kernels), MemberType = typeof(ZpciMachine))]
    public void A_released_function_is_plainly_blocked(KernelVersion kernel)
    {
        using var machine = new ZpciMachine(kernel);
        machine.Attached();

        Assert.Equal(0, machine.Run(machine.Driver.ReleaseDevice(ZpciMachine.Device())));

        Assert.Null(machine.Dma());
        Assert.Equal((0x80u, 0L), (machine.StoreControls(), machine.Silicon.Faults.Total));
    }

    [Fact]
    public void Releasing_a_function_of_the_DMA_API_changes_nothing()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        var iova = (ulong)machine.Run(machine.Driver.MapDma(ZpciMachine.Device(), ZpciMachine.PageB, 0x1000, S390DmaDirection.Bidirectional));

        machine.Run(machine.Driver.ReleaseDevice(ZpciMachine.Device()));

        Assert.Equal(ZpciMachine.PageB, machine.Dma(iova));
    }

    [Fact]
    public void Before_the_first_attach_6_1_has_an_empty_table_registered_and_6_12_nothing()
    {
        using var before = new ZpciMachine(KernelVersion.Linux61);
        using var after = new ZpciMachine(KernelVersion.Linux612);

        Assert.Equal((0x90u, 0x80u), (before.StoreControls(), after.StoreControls()));
        Assert.Null(before.Dma());
        Assert.Null(after.Dma());
        Assert.Equal((true, false), (before.Silicon.InterruptAsserted, after.Silicon.InterruptAsserted));
    }

    [Fact]
    public void A_failed_attach_leaves_the_function_blocked_and_not_on_its_earlier_domain()
    {
        foreach (var kernel in (KernelVersion[])[KernelVersion.Linux61, KernelVersion.Linux612])
        {
            using var machine = new ZpciMachine(kernel);
            machine.Attached();
            var b = machine.Domain(ZpciMachine.PageB);

            // Somebody else registers between the two instructions.
            var result = machine.Run(machine.Driver.Attach(b, ZpciMachine.Device()), step =>
            {
                if (step.Kind == DriverStepKind.WriteRegister && step.Address == S390Registers.FibIota && step.Value != 0)
                    machine.Write(S390Registers.FibIota, 0x808);
            });

            Assert.Equal(-(long)Errno.EIO, result);
            Assert.Equal(0x80u, machine.StoreControls());
            Assert.Null(machine.Dma());
            Assert.Equal(0, machine.Run(machine.Driver.Attach(b, ZpciMachine.Device())));
            Assert.Equal(ZpciMachine.PageB, machine.Dma());
        }
    }

    [Fact]
    public void In_6_1_another_window_than_the_first_functions_is_refused_and_leaves_the_function_blocked()
    {
        var functions = ZpciMachine.Functions(2);
        functions[1] = functions[1] with { End = ZpciMachine.End - 0x10_0000 };
        using var machine = new ZpciMachine(KernelVersion.Linux61, new S390Options { Functions = functions });
        var domain = machine.Attached();

        Assert.Equal(-(long)Errno.EINVAL, machine.Run(machine.Driver.Attach(domain, ZpciMachine.Device(1))));

        Assert.Equal(0x80u, machine.StoreControls(1));
        Assert.Null(machine.Dma(function: 1));
        Assert.Equal(ZpciMachine.PageA, machine.Dma());
        machine.Run(machine.Driver.Detach(domain, ZpciMachine.Device()));
        Assert.Equal(0, machine.Run(machine.Driver.Attach(domain, ZpciMachine.Device(1))));
        Assert.Equal(new DomainGeometry(ZpciMachine.Start, ZpciMachine.End - 0x10_0000), domain.Geometry);
    }

    [Fact]
    public void In_6_12_windows_may_differ_and_a_window_that_the_tables_cannot_reach_is_refused_at_the_probe()
    {
        var functions = ZpciMachine.Functions(2);
        functions[1] = functions[1] with { End = ZpciMachine.End - 0x10_0000 };
        using var machine = new ZpciMachine(KernelVersion.Linux612, new S390Options { Functions = functions });
        Assert.Equal(0, machine.Run(machine.Driver.Attach(machine.Attached(), ZpciMachine.Device(1))));
        Assert.Equal(ZpciMachine.PageA, machine.Dma(function: 1));

        var unreachable = ZpciMachine.Function with { Start = 1UL << 42, End = ulong.MaxValue >> 8 };
        using var other = new ZpciMachine(KernelVersion.Linux612, ZpciMachine.Of(unreachable), probed: false);
        Assert.Equal(-(long)Errno.EINVAL, other.Run(other.Driver.ProbeDevice(ZpciMachine.Device())));
        Assert.Equal(-(long)Errno.ENODEV, other.Run(other.Driver.ProbeDevice(ZpciMachine.Device(5))));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, Errno.EIO)]
    [InlineData(KernelVersion.Linux612, Errno.None)]
    public void A_function_in_recovery_fails_the_attach_in_6_1_and_is_attached_in_6_12_all_the_same(KernelVersion kernel, Errno expected)
    {
        using var machine = new ZpciMachine(kernel, ZpciMachine.Of(ZpciMachine.Function) with { RefusesRegistrationInError = true });
        machine.Attached();
        machine.Dma(0);
        var b = machine.Domain(ZpciMachine.PageB);

        Assert.Equal(-(long)expected, machine.Run(machine.Driver.Attach(b, ZpciMachine.Device())));

        Assert.Null(machine.Dma());
        if (kernel == KernelVersion.Linux61)
            return;
        Assert.Equal(0, machine.Run(machine.Driver.ResetFunction(ZpciMachine.Device())));
        Assert.Equal(ZpciMachine.PageB, machine.Dma());
    }

    [Fact]
    public void In_6_12_a_function_that_is_gone_counts_as_attached_and_blocks_without_an_error()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        var domain = machine.Domain(ZpciMachine.PageA);
        machine.Write(S390Registers.Clp, (ulong)S390Registers.ClpDisable << 32);

        Assert.Equal(0, machine.Run(machine.Driver.Attach(domain, ZpciMachine.Device())));
        Assert.Equal(0, machine.Run(machine.Driver.Block(ZpciMachine.Device())));
    }

    [Fact]
    public void The_DMA_APIs_tables_are_freed_after_the_deregistration_and_before_the_registration()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        machine.Run(machine.Driver.MapDma(ZpciMachine.Device(), ZpciMachine.PageB, 0x1000, S390DmaDirection.Bidirectional));
        var domain = machine.Domain(ZpciMachine.PageA);
        var freed = new List<(uint Controls, long Freed)>();

        machine.Run(machine.Driver.Attach(domain, ZpciMachine.Device()), step =>
        {
            if (step is { Kind: DriverStepKind.WriteRegister, Address: S390Registers.ModifyControls })
                freed.Add((machine.StoreControls(), ((IFrameAllocator)machine.Frames).Freed));
        });

        Assert.Equal([(0x80u, 0L), (0x90u, 3L)], freed);
    }

    [Fact]
    public void A_detach_in_6_1_without_memory_leaves_the_function_plainly_blocked()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 1UL << 30));
        var silicon = new S390Iommu("zpci", memory, ZpciMachine.Of(ZpciMachine.Function));
        var bus = new Bus(memory, silicon);

        // Room for the DMA API's table and the domain's; the third one is refused while the first is in use.
        var frames = new FrameAllocator(memory, ZpciMachine.Tables, 2 * S390Format.TableSize, OwnerTag.Host);
        var driver = new S390Driver(KernelVersion.Linux61, memory, frames);
        bus.Run(driver.ProbeDevice(ZpciMachine.Device()));
        var domain = driver.AllocateDomain(DomainType.Unmanaged);
        Assert.Equal(0, bus.Run(driver.Attach(domain, ZpciMachine.Device())));
        driver.AllocateDomain(DomainType.Unmanaged);

        Assert.Equal(0, bus.Run(driver.Detach(domain, ZpciMachine.Device())));

        silicon.Registers.Write(S390Registers.StoreControls, 8, (ulong)ZpciMachine.Handle() << 32);
        Assert.Equal(0x80UL, silicon.Registers.Read(S390Registers.FibControls, 4));
    }

    [Fact]
    public void Domains_of_other_types_are_refused()
    {
        using var before = new ZpciMachine(KernelVersion.Linux61);
        using var after = new ZpciMachine(KernelVersion.Linux612);

        foreach (var type in (DomainType[])[DomainType.Blocked, DomainType.Dma, DomainType.DmaFlushQueue, DomainType.Identity])
            Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => before.Driver.AllocateDomain(type)).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => after.Driver.AllocateDomain(DomainType.Identity)).Errno);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => before.Driver.Block(ZpciMachine.Device())).Errno);
        Assert.Null(((S390Domain)after.Driver.AllocateDomain(DomainType.Blocked)).Table);
    }
}
