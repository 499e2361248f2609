using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.S390;

namespace Emulator.Hardware.Tests.Iommus.S390;

/// <summary>Condition codes and status of the instructions.</summary>
public sealed class InstructionTests
{
    private static readonly (int, S390Status) Done = (0, S390Status.None);

    public static TheoryData<ulong, ulong, ulong> RefusedFibs => new()
    {
        { ZpciMachine.Start - 0x1000, ZpciMachine.End, 0x804 },
        { ZpciMachine.Start, ZpciMachine.End + 1, 0x804 },
        { ZpciMachine.End, ZpciMachine.Start, 0x804 },
        { ZpciMachine.Start, ZpciMachine.End, 0x808 },
        { ZpciMachine.Start, ZpciMachine.End, 0x004 },
    };

    [Fact]
    public void Registering_twice_and_deregistering_twice_is_out_of_sequence_and_changes_nothing()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        var fib = Fib(machine);

        Assert.Equal((1, S390Status.AlreadyEnabled), machine.Modify(S390Operation.DeregisterTranslation));
        Assert.Equal(Done, machine.Modify(S390Operation.RegisterTranslation, fib));
        Assert.Equal((1, S390Status.AlreadyEnabled), machine.Modify(S390Operation.RegisterTranslation, fib with { Base = ZpciMachine.Start + 0x1000 }));
        Assert.Equal(0x90u, machine.StoreControls());
        Assert.Equal(fib, machine.Registered());
        Assert.Equal(Done, machine.Modify(S390Operation.DeregisterTranslation));
        Assert.Equal(0x80u, machine.StoreControls());
    }

    [Fact]
    public void Reregistering_replaces_what_is_registered_and_needs_something_registered()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);

        Assert.Equal((1, S390Status.AlreadyEnabled), machine.Modify(S390Operation.ReregisterTranslation, Fib(machine)));
        machine.Attached();
        Assert.Equal(ZpciMachine.PageA, machine.Dma());
        Assert.Equal(Done, machine.Modify(S390Operation.ReregisterTranslation, Fib(machine)));
        Assert.Null(machine.Dma());
        Assert.Equal(S390EventCode.TranslationProtection, machine.TakeEvent().Code);
    }

    [Fact]
    public void A_reregistration_that_is_refused_leaves_nothing_registered_and_nothing_cached()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        machine.Attached();
        Assert.Equal(ZpciMachine.PageA, machine.Dma());

        Assert.Equal((1, S390Status.InsufficientResources), machine.Modify(S390Operation.ReregisterTranslation, Fib(machine) with { Iota = 0 }));

        Assert.Equal(0x80u, machine.StoreControls());
        Assert.Null(machine.Dma());
        Assert.Equal(Done, machine.Modify(S390Operation.RegisterTranslation, Fib(machine)));
        Assert.Null(machine.Dma());
        Assert.Equal(S390EventCode.TranslationProtection, machine.TakeEvent().Code);
    }

    [Theory]
    [MemberData(nameof(RefusedFibs))]
    public void A_window_outside_the_function_or_a_format_it_does_not_have_is_refused(ulong first, ulong last, ulong iota)
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);

        Assert.Equal((1, S390Status.InsufficientResources), machine.Modify(S390Operation.RegisterTranslation, new S390Fib(first, last, iota)));

        Assert.Equal(0x80u, machine.StoreControls());
    }

    [Fact]
    public void Base_and_limit_are_widened_to_whole_pages()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        var fib = Fib(machine);

        machine.Modify(S390Operation.RegisterTranslation, fib with { Base = ZpciMachine.Start + 0x1234, Limit = ZpciMachine.Start + 0x5678 });

        Assert.Equal((ZpciMachine.Start + 0x1000, ZpciMachine.Start + 0x5fff), (machine.Registered().Base, machine.Registered().Limit));
    }

    [Fact]
    public void An_internal_shared_memory_device_has_a_page_more_and_only_6_12_uses_it()
    {
        foreach (var (kernel, limit) in new[] { (KernelVersion.Linux61, ZpciMachine.End), (KernelVersion.Linux612, ZpciMachine.End + 0x1000) })
        {
            using var machine = new ZpciMachine(kernel, ZpciMachine.Of(ZpciMachine.Function with { IsInternalSharedMemory = true }));
            machine.Attached();

            Assert.Equal(limit, machine.Registered().Limit);
        }
    }

    [Fact]
    public void Relaxed_translation_passes_addresses_through_less_the_windows_start()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612, ZpciMachine.Of(ZpciMachine.Function with { RelaxedTranslation = true }));

        Assert.Equal(Done, machine.Modify(S390Operation.RegisterTranslation, new S390Fib(ZpciMachine.Start, ZpciMachine.End, 0)));

        Assert.Equal(0x1234_5678UL, machine.Dma(ZpciMachine.Start + 0x1234_5678));
        Assert.Equal(Done, machine.Refresh(ZpciMachine.Start, 0x1000));
        Assert.Null(machine.Dma(ZpciMachine.Start - 4));
        Assert.Equal(S390EventCode.OutOfRange, machine.TakeEvent().Code);
    }

    [Fact]
    public void Another_handle_or_address_space_is_refused()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);

        Assert.Equal((3, S390Status.None), machine.Modify(S390Operation.RegisterTranslation, Fib(machine), ZpciMachine.FirstHandle));
        Assert.Equal((3, S390Status.None), machine.Modify(S390Operation.RegisterTranslation, Fib(machine), 0x8000_1234));
        Assert.Equal((1, S390Status.AddressSpaceNotEnabled), machine.Modify(S390Operation.RegisterTranslation, Fib(machine), addressSpace: 1));
        machine.Write(S390Registers.StoreControls, 0x8000_1234UL << 32);
        Assert.Equal(3UL, machine.Read(S390Registers.ConditionCode, 4));
        machine.Write(S390Registers.Clp, ((ulong)S390Registers.ClpQuery << 32) | 9);
        Assert.Equal(3UL, machine.Read(S390Registers.ConditionCode, 4));
    }

    [Fact]
    public void Resets_without_an_error_are_out_of_sequence()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);

        Assert.Equal((1, S390Status.AlreadyEnabled), machine.Modify(S390Operation.ResetBlock));
        Assert.Equal((1, S390Status.AlreadyEnabled), machine.Modify(S390Operation.ResetError));
        Assert.Equal(Done, machine.Modify(S390Operation.RegisterInterrupts));
        Assert.Equal((1, S390Status.InsufficientResources), machine.Modify((S390Operation)99));
    }

    [Fact]
    public void A_refresh_without_translation_or_outside_the_window_is_an_error_of_the_function()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);

        Assert.Equal((1, S390Status.InError), machine.Refresh(ZpciMachine.Mapped, 0x1000));
        Assert.Equal(S390EventCode.InvalidAddressSpace, machine.TakeEvent().Code);
        Assert.Equal((1, S390Status.NotAvailable), machine.Refresh(ZpciMachine.Mapped, 0x1000));
        machine.Modify(S390Operation.ResetError);
        machine.Attached();
        Assert.Equal((1, S390Status.InError), machine.Refresh(ZpciMachine.End + 1, 0x1000));
        Assert.Equal(S390EventCode.OutOfRange, machine.TakeEvent().Code);
    }

    [Fact]
    public void Disabling_a_function_forgets_its_translation_and_its_error()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        machine.Attached();
        machine.Dma(0);

        machine.Write(S390Registers.Clp, (ulong)S390Registers.ClpDisable << 32);

        Assert.Equal(ZpciMachine.FirstHandle, machine.Read(S390Registers.ClpHandle, 4));
        Assert.Equal((3, S390Status.None), machine.Modify(S390Operation.DeregisterTranslation));
        machine.Write(S390Registers.Clp, (ulong)S390Registers.ClpEnable << 32);
        Assert.Equal(0x80u, machine.StoreControls());
        machine.Write(S390Registers.Clp, (ulong)S390Registers.ClpEnable << 32);
        Assert.Equal(1UL, machine.Read(S390Registers.ConditionCode, 4));
    }

    [Fact]
    public void Each_CPU_has_operands_and_condition_code_of_its_own()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        machine.Write(S390Registers.FibBase, 0x1234_5000);
        Assert.Equal((1, S390Status.AlreadyEnabled), machine.Modify(S390Operation.ResetBlock));

        machine.Write(S390Registers.Of(1, S390Registers.FibBase), 7);
        machine.Write(S390Registers.Of(1, S390Registers.ModifyControls), S390Registers.Request(ZpciMachine.Handle(), S390Operation.RegisterInterrupts));

        Assert.Equal((0UL, 1UL), (machine.Read(S390Registers.FibBase), machine.Read(S390Registers.ConditionCode, 4)));
        Assert.Equal(0UL, machine.Read(S390Registers.Of(1, S390Registers.ConditionCode), 4));
    }

    private static S390Fib Fib(ZpciMachine machine) =>
        new(ZpciMachine.Start, ZpciMachine.End, S390Format.Iota(new S390Tables(machine.Memory, machine.Frames).Root));
}
