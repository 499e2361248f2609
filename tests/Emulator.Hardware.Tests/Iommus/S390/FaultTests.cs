using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.S390;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.S390;

/// <summary>Every cause for which the silicon refuses a DMA, and what it reports.</summary>
public sealed class FaultTests
{
    private const ulong NoRam = 0x4_0000_0000;

    // The entry of each level on the way to the mapped page, and a word put in its place.
    public static TheoryData<int, ulong, S390EventCode, FaultReason> Entries => new()
    {
        { 1, 0x20, S390EventCode.TranslationProtection, FaultReason.NotPresent },
        { 1, 0, S390EventCode.InvalidTableEntry, FaultReason.TableEntryInvalid },
        { 1, 0x1000_8004, S390EventCode.InvalidLengthOrOffset, FaultReason.TableEntryInvalid },
        { 1, 0x1000_8006, S390EventCode.InvalidLengthOrOffset, FaultReason.TableEntryInvalid },
        { 1, 0x1000_8047, S390EventCode.InvalidLengthOrOffset, FaultReason.TableEntryInvalid },
        { 1, 0x1000_800b, S390EventCode.WrongTableType, FaultReason.TableEntryInvalid },
        { 2, 0x20, S390EventCode.TranslationProtection, FaultReason.NotPresent },
        { 2, 0, S390EventCode.InvalidTableEntry, FaultReason.TableEntryInvalid },
        { 2, 0x1000_c004, S390EventCode.WrongTableType, FaultReason.TableEntryInvalid },
        { 3, 0x400, S390EventCode.TranslationProtection, FaultReason.NotPresent },
        { 3, 0x5000_0400, S390EventCode.TranslationProtection, FaultReason.NotPresent },
    };

    [Theory]
    [MemberData(nameof(Entries))]
    public void A_bad_entry_gives_its_event_code(int level, ulong word, S390EventCode code, FaultReason reason)
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        var domain = machine.Attached();
        machine.Memory.WriteBigEndian64(EntryOf(machine, domain, level), word);

        Assert.Null(machine.Dma(access: DmaAccess.Write));

        Assert.Equal((code, true, level, ZpciMachine.Handle(), 0u, ZpciMachine.Mapped, reason), machine.TakeEvent());
        Assert.Equal(S390FunctionState.Error, machine.State());
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 3)]
    public void A_table_that_is_no_memory_is_a_machine_error(int level, int failing)
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        var domain = machine.Attached();
        machine.Memory.WriteBigEndian64(EntryOf(machine, domain, level), NoRam | (level == 1 ? 7UL : 0));

        Assert.Null(machine.Dma());

        Assert.Equal((S390EventCode.MachineError, false, failing, ZpciMachine.Handle(), 0u, ZpciMachine.Mapped, FaultReason.TableReadAbort), machine.TakeEvent());
    }

    [Theory]
    [InlineData(1, 0x200 | 7)]
    [InlineData(2, 0x200)]
    [InlineData(3, 0x200)]
    public void A_protected_entry_of_any_level_refuses_writes_only(int level, ulong flags)
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        var domain = machine.Attached();
        var entry = EntryOf(machine, domain, level);
        machine.Memory.WriteBigEndian64(entry, machine.Memory.ReadBigEndian64(entry) | flags);

        Assert.Equal(ZpciMachine.PageA, machine.Dma());
        Assert.Null(machine.Dma(access: DmaAccess.Write));

        var report = machine.TakeEvent();
        Assert.Equal((S390EventCode.TranslationProtection, true, FaultReason.PermissionDenied), (report.Code, report.IsWrite, report.Reason));
    }

    [Fact]
    public void A_write_refused_at_its_first_walk_reports_the_same()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        machine.Attached(protection: Protection.Read);

        Assert.Null(machine.Dma(access: DmaAccess.Write));

        var report = machine.TakeEvent();
        Assert.Equal((S390EventCode.TranslationProtection, FaultReason.PermissionDenied), (report.Code, report.Reason));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(ZpciMachine.Start - 1)]
    [InlineData(ZpciMachine.End + 1)]
    public void An_address_outside_the_window_is_out_of_range(ulong iova)
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        machine.Attached();

        Assert.Null(machine.Dma(iova));

        Assert.Equal((S390EventCode.OutOfRange, false, 0, ZpciMachine.Handle(), 0u, iova, FaultReason.AddressSize), machine.TakeEvent());
    }

    [Fact]
    public void An_address_beyond_the_tables_is_out_of_range_even_inside_the_window()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612, ZpciMachine.Of(ZpciMachine.Function with { End = ulong.MaxValue >> 8 }));
        var tables = new S390Tables(machine.Memory, machine.Frames);
        machine.Modify(S390Operation.RegisterTranslation, new S390Fib(ZpciMachine.Start, ulong.MaxValue >> 8, S390Format.Iota(tables.Root)));

        Assert.Null(machine.Dma(1UL << 42));

        Assert.Equal(S390EventCode.OutOfRange, machine.TakeEvent().Code);
    }

    [Fact]
    public void An_error_is_sticky_until_it_is_reset()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        machine.Attached();
        machine.Dma(ZpciMachine.Mapped + 0x1000);
        machine.TakeEvent();

        Assert.Null(machine.Dma());
        Assert.False(machine.Silicon.InterruptAsserted);
        Assert.Equal(0xf0u, machine.StoreControls());
        Assert.Equal((0, S390Status.None), machine.Modify(S390Operation.ResetBlock));
        Assert.Null(machine.Dma());
        Assert.Equal(0xd0u, machine.StoreControls());
        Assert.Equal((0, S390Status.None), machine.Modify(S390Operation.ResetError));
        Assert.Equal(ZpciMachine.PageA, machine.Dma());
        Assert.Equal(0x90u, machine.StoreControls());
        Assert.Equal(2, machine.Silicon.SilentRefusals);
    }

    [Fact]
    public void An_error_of_one_function_leaves_the_others_of_its_domain_alone()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        machine.Run(machine.Driver.Attach(machine.Attached(), ZpciMachine.Device(1)));

        machine.Dma(ZpciMachine.Mapped + 0x1000);

        Assert.Null(machine.Dma());
        Assert.Equal(ZpciMachine.PageA, machine.Dma(function: 1));
    }

    [Fact]
    public void A_function_without_translation_is_refused_in_silence()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);

        Assert.Null(machine.Dma());
        Assert.Null(machine.Dma(function: 7));

        Assert.Equal((false, 0L, 2L), (machine.Silicon.InterruptAsserted, machine.Silicon.Faults.Total, machine.Silicon.SilentRefusals));
        Assert.Equal(S390FunctionState.Enabled, machine.State());
    }

    [Fact]
    public void A_function_without_translation_can_raise_an_event()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612, ZpciMachine.Of(ZpciMachine.Function) with { UnregisteredRaisesEvent = true });

        Assert.Null(machine.Dma());

        Assert.Equal((S390EventCode.InvalidAddressSpace, false, 0, ZpciMachine.Handle(), 0u, ZpciMachine.Mapped, FaultReason.StreamBlocked), machine.TakeEvent());
        Assert.Equal(S390FunctionState.Error, machine.State());
    }

    [Fact]
    public void A_function_that_was_never_enabled_is_refused()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612, probed: false);

        Assert.Null(machine.Dma());

        Assert.Equal((S390FunctionState.Disabled, 1L), (machine.State(), machine.Silicon.SilentRefusals));
    }

    [Fact]
    public void A_page_entry_of_zeroes_maps_the_frame_at_zero()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        var domain = machine.Attached();
        machine.Memory.WriteBigEndian64(EntryOf(machine, domain, 3), 0);

        Assert.Equal(0x10UL, machine.Dma(ZpciMachine.Mapped + 0x10, DmaAccess.Write));
    }

    [Fact]
    public void A_segment_entry_of_zeroes_points_to_a_page_table_at_zero_where_its_bits_decide()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612, ZpciMachine.Of(ZpciMachine.Function) with { ZeroEntryIsInvalid = false });
        var domain = machine.Attached();
        machine.Memory.WriteBigEndian64(EntryOf(machine, domain, 2), 0);

        Assert.Equal(0UL, machine.Dma());
        machine.Memory.WriteBigEndian64(EntryOf(machine, domain, 1), 0);
        machine.Refresh(ZpciMachine.Start, ZpciMachine.End - ZpciMachine.Start + 1);
        Assert.Null(machine.Dma());
        Assert.Equal(S390EventCode.InvalidLengthOrOffset, machine.TakeEvent().Code);
    }

    // Address of the entry of a level; the tables are read as the format says.
    private static ulong EntryOf(ZpciMachine machine, S390Domain domain, int level)
    {
        var entry = domain.Table!.Tables.Root + (((ZpciMachine.Mapped >> 31) & 0x7ff) * 8);
        if (level > 1)
            entry = (machine.Memory.ReadBigEndian64(entry) & ~0x3fffUL) + (((ZpciMachine.Mapped >> 20) & 0x7ff) * 8);
        return level == 3 ? (machine.Memory.ReadBigEndian64(entry) & ~0x7ffUL) + (((ZpciMachine.Mapped >> 12) & 0xff) * 8) : entry;
    }
}
