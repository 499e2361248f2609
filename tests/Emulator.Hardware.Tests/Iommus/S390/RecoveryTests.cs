using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.S390;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.S390;

/// <summary>What the kernel does about error events.</summary>
public sealed class RecoveryTests
{
    [Fact]
    public void In_6_1_a_function_of_the_DMA_API_recovers()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        var iova = (ulong)machine.Run(machine.Driver.MapDma(ZpciMachine.Device(), ZpciMachine.PageB, 0x1000, S390DmaDirection.Bidirectional));
        machine.Dma();

        Assert.Equal(1, machine.Run(machine.Driver.HandleInterrupt()));

        Assert.Equal(ZpciMachine.PageB, machine.Dma(iova));
        Assert.Equal(0, machine.Run(machine.Driver.HandleInterrupt()));
    }

    [Fact]
    public void In_6_1_a_function_with_a_domain_stays_in_error_and_so_do_all_maps_of_the_domain()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        var domain = machine.Attached();
        machine.Dma(0);

        Assert.Equal(1, machine.Run(machine.Driver.HandleInterrupt()));

        Assert.False(machine.Silicon.InterruptAsserted);
        Assert.Equal(S390FunctionState.Error, machine.State());
        Assert.Equal(-(long)Errno.EIO, machine.Run(machine.Driver.Map(domain, ZpciMachine.Start, ZpciMachine.PageB, 0x2000, Protection.Read)));
        Assert.Null(domain.Table!.Lookup(ZpciMachine.Start));
        Assert.Equal(0, machine.Run(machine.Driver.Unmap(domain, ZpciMachine.Mapped, 0x1000)));
    }

    [Fact]
    public void An_error_outlives_detach_and_attach_and_ends_with_a_reset()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        var domain = machine.Attached();
        machine.Dma(0);
        machine.Run(machine.Driver.HandleInterrupt());

        machine.Run(machine.Driver.Detach(domain, ZpciMachine.Device()));
        Assert.Equal(0, machine.Run(machine.Driver.Attach(domain, ZpciMachine.Device())));
        Assert.Null(machine.Dma());

        Assert.Equal(0, machine.Run(machine.Driver.ResetFunction(ZpciMachine.Device())));
        Assert.Equal(ZpciMachine.PageA, machine.Dma());
    }

    [Fact]
    public void In_6_12_only_a_guests_function_is_left_in_error()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        machine.Attached();
        machine.Dma(0);
        machine.Run(machine.Driver.HandleInterrupt());
        Assert.Equal(ZpciMachine.PageA, machine.Dma());

        machine.Driver.GiveToGuest(ZpciMachine.Device(), 0x1230);
        machine.Dma(0);
        machine.Run(machine.Driver.HandleInterrupt());
        Assert.Null(machine.Dma());

        machine.Run(machine.Driver.ResetFunction(ZpciMachine.Device()));
        Assert.Equal(ZpciMachine.PageA, machine.Dma());
        Assert.Equal(0x1230UL, machine.Read(S390Registers.Of(1, S390Registers.FibGuestDesignation), 4));
    }

    [Fact]
    public void A_device_whose_driver_has_no_error_handlers_stays_in_error()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61, options: new S390DriverOptions { DeviceRecovers = false });
        machine.Dma();

        Assert.Equal(1, machine.Run(machine.Driver.HandleInterrupt()));

        Assert.Equal((S390FunctionState.Error, false), (machine.State(), machine.Silicon.InterruptAsserted));
    }

    [Fact]
    public void A_reset_that_is_out_of_sequence_turns_into_a_reset_of_the_function()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        machine.Attached();
        machine.Dma(0);
        machine.Modify(S390Operation.ResetError);
        var disabled = false;

        machine.Run(machine.Driver.HandleInterrupt(), _ => disabled |= machine.State() == S390FunctionState.Disabled);

        Assert.True(disabled);
        Assert.Equal(ZpciMachine.PageA, machine.Dma());
    }

    [Fact]
    public void A_reset_of_a_blocked_function_registers_anew_in_6_1_and_nothing_in_6_12()
    {
        using var before = new ZpciMachine(KernelVersion.Linux61);
        using var after = new ZpciMachine(KernelVersion.Linux612);
        before.Attached();
        before.Run(before.Driver.ReleaseDevice(ZpciMachine.Device()));

        Assert.Equal(0, before.Run(before.Driver.ResetFunction(ZpciMachine.Device())));
        Assert.Equal(0, after.Run(after.Driver.ResetFunction(ZpciMachine.Device())));

        Assert.Equal((0x90u, 0x80u), (before.StoreControls(), after.StoreControls()));
    }

    [Fact]
    public void Two_functions_errors_are_two_events()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        machine.Dma();
        machine.Dma(function: 1);

        Assert.Equal(1, machine.Run(machine.Driver.HandleInterrupt()));
        Assert.Equal((S390FunctionState.Enabled, S390FunctionState.Error), (machine.State(), machine.State(1)));
        Assert.Equal(1, machine.Run(machine.Driver.HandleInterrupt()));
        Assert.Equal(S390FunctionState.Enabled, machine.State(1));
    }
}
