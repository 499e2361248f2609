using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.FslPamu;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Tests.Iommus.FslPamu;

/// <summary>What the silicon refuses and records, and what the handler makes of it.</summary>
public sealed class FslPamuViolationTests
{
    [Fact]
    public void An_address_outside_the_window_is_recorded_with_its_entry()
    {
        using var rig = new FslPamuRig();
        rig.Attached();
        Assert.Null(rig.Dma(iova: 0x10_0000_0000));
        AssertRecorded(rig, 0x0005_0081, 0x10_0000_0000, rig.Entry(5), FaultReason.AddressSize);
    }

    [Theory]
    [InlineData(0u, DmaAccess.Read, false)]
    [InlineData(0u, DmaAccess.Write, false)]
    [InlineData(1u, DmaAccess.Read, true)]
    [InlineData(1u, DmaAccess.Write, false)]
    [InlineData(2u, DmaAccess.Read, false)]
    [InlineData(2u, DmaAccess.Write, true)]
    public void An_access_without_its_right_is_recorded_as_a_violation_of_permissions(uint rights, DmaAccess access, bool passes)
    {
        using var rig = new FslPamuRig();
        rig.Memory.WriteBigEndian32(rig.Entry(5, 4), (35 << 6) | (rights << 3) | 1);
        Assert.Equal(passes ? FslPamuRig.Iova : null, rig.Dma(access: access));
        if (passes)
            Assert.Equal(0u, rig.Register(FslPamuRegisters.ViolationStatus));
        else
            AssertRecorded(rig, 0x0005_0009, FslPamuRig.Iova, rig.Entry(5), FaultReason.PermissionDenied);
    }

    [Fact]
    public void A_LIODN_outside_the_table_has_LAV_1_and_no_entry()
    {
        using var rig = new FslPamuRig();
        Assert.Null(rig.Dma(0x500));
        AssertRecorded(rig, 0x0500_0401, FslPamuRig.Iova, 0, FaultReason.StreamUnknown);
    }

    [Fact]
    public void A_table_outside_the_memory_holds_no_LIODN()
    {
        using var rig = new FslPamuRig();
        rig.SetRegister(FslPamuRegisters.PrimaryBaseHigh, 2);
        rig.SetRegister(FslPamuRegisters.PrimaryLimitHigh, 2);
        Assert.Null(rig.Dma());
        AssertRecorded(rig, 0x0005_0401, FslPamuRig.Iova, 0, FaultReason.StreamUnknown);
    }

    [Fact]
    public void A_closed_gate_refuses_everybody()
    {
        using var rig = new FslPamuRig();
        rig.SetRegister(FslPamuRegisters.Control, FslPamuRegisters.ControlValue | FslPamuRegisters.GateClosed);
        Assert.Null(rig.Dma());
        AssertRecorded(rig, 0x0005_2001, FslPamuRig.Iova, 0, FaultReason.StreamBlocked);
    }

    [Fact]
    public void Erratum_A_003638_reports_a_disabled_entry()
    {
        using var rig = new FslPamuRig(erratum: true);
        rig.Run(rig.Driver.Detach(rig.Attached(), FslPamuRig.Device));
        Assert.Null(rig.Dma());
        AssertRecorded(rig, 0x0005_4001, FslPamuRig.Iova, rig.Entry(5), FaultReason.StreamBlocked);
    }

    [Theory]
    [InlineData(0x4000_0000UL, 0x9000_0000UL)]
    [InlineData(0x4000_1234UL, 0x9000_1234UL)]
    [InlineData(0x4000_fffcUL, 0x9000_fffcUL)]
    [InlineData(0x3fff_fffcUL, null)]
    [InlineData(0x4001_0000UL, null)]
    public void A_window_is_2_to_the_WSE_plus_1_bytes_from_its_base_and_moves_what_is_in_it(ulong iova, ulong? landing)
    {
        using var rig = new FslPamuRig();
        WriteWindow(rig, translation: 1);
        Assert.Equal(landing, rig.Dma(iova: iova));
        Assert.Equal(landing == null ? 0x0005_0081u : 0, rig.Register(FslPamuRegisters.ViolationStatus));
    }

    [Theory]
    [InlineData(0u, 0x4000_1234UL)]
    [InlineData(2u, null)]
    public void Without_translation_the_address_passes_and_by_pages_it_is_refused(uint translation, ulong? landing)
    {
        using var rig = new FslPamuRig();
        WriteWindow(rig, translation);
        Assert.Equal(landing, rig.Dma(iova: 0x4000_1234));
    }

    [Fact]
    public void A_second_violation_is_counted_and_the_first_is_kept()
    {
        using var rig = new FslPamuRig();
        rig.Dma(iova: 1UL << 36);
        rig.Dma(6, 1UL << 37);
        Assert.Equal(0x0005_0081u, rig.Register(FslPamuRegisters.ViolationStatus));
        Assert.Equal((1, 1), (rig.Units[0].Faults.Total, rig.Units[0].UnrecordedFaults));
    }

    [Fact]
    public void Ones_clear_the_low_half_of_AVS1_and_PICS_s_status_alone()
    {
        using var rig = new FslPamuRig();
        rig.Dma(iova: 1UL << 36);
        rig.SetRegister(FslPamuRegisters.InterruptControl, 4);
        Assert.Equal(0xcu, rig.Register(FslPamuRegisters.InterruptControl));
        rig.SetRegister(FslPamuRegisters.ViolationStatus, 0xffff_ffff);
        Assert.Equal(0x0005_0000u, rig.Register(FslPamuRegisters.ViolationStatus));
        Assert.True(rig.Units[0].InterruptAsserted);
        rig.SetRegister(FslPamuRegisters.InterruptControl, 0xc);
        Assert.Equal(4u, rig.Register(FslPamuRegisters.InterruptControl));
        Assert.False(rig.Units[0].InterruptAsserted);
    }

    [Fact]
    public void The_handler_answers_with_the_low_half_and_disables_the_LIODN()
    {
        using var rig = new FslPamuRig();
        rig.Memory.WriteBigEndian32(rig.Entry(5, 4), (35 << 6) | (1 << 3) | 1);
        rig.Dma();
        Assert.True(rig.Units[0].InterruptAsserted);
        var writes = new List<(ulong Address, ulong Value)>();
        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt(), step =>
        {
            if (step.Kind == DriverStepKind.WriteRegister)
                writes.Add((step.Address, step.Value));
        }));
        Assert.Equal([(0x50UL, 0x9UL), (0xc1cUL, 0xcUL)], writes);
        Assert.Equal(0x8c8u, rig.Memory.ReadBigEndian32(rig.Entry(5, 4)));
        Assert.Equal(4u, rig.Register(FslPamuRegisters.InterruptControl));
        Assert.False(rig.Units[0].InterruptAsserted);
        Assert.Null(rig.Dma(access: DmaAccess.Read));
        Assert.Equal(FslPamuRig.Iova, rig.Dma(6));
    }

    [Fact]
    public void A_violation_of_a_LIODN_already_disabled_masks_the_PAMU_s_interrupt()
    {
        using var rig = new FslPamuRig(erratum: true);
        rig.Run(rig.Driver.Detach(rig.Attached(), FslPamuRig.Device));
        rig.Dma();
        Assert.True(rig.Units[0].InterruptAsserted);
        rig.Run(rig.Driver.HandleInterrupt());
        Assert.Equal(0u, rig.Register(FslPamuRegisters.InterruptControl));
        rig.Dma(6, 1UL << 36);
        Assert.Equal(0x0006_0081u, rig.Register(FslPamuRegisters.ViolationStatus));
        Assert.False(rig.Units[0].InterruptAsserted);
    }

    [Fact]
    public void A_violation_between_the_handler_s_two_writes_is_answered_at_the_next_one()
    {
        using var rig = new FslPamuRig();
        rig.Dma(iova: 1UL << 36);
        rig.Run(rig.Driver.HandleInterrupt(), step =>
        {
            if (step.Kind == DriverStepKind.WriteRegister && step.Address == FslPamuRegisters.ViolationStatus)
                rig.Dma(6, 1UL << 36);
        });
        Assert.Equal(0x0006_0081u, rig.Register(FslPamuRegisters.ViolationStatus));
        Assert.False(rig.Units[0].InterruptAsserted);
        rig.Dma(7, 1UL << 36);
        Assert.True(rig.Units[0].InterruptAsserted);
        rig.Run(rig.Driver.HandleInterrupt());
        Assert.Null(rig.Dma(6));
        Assert.Equal(FslPamuRig.Iova, rig.Dma(7));
    }

    [Fact]
    public void A_violation_of_a_LIODN_beyond_the_table_stops_the_kernel_after_the_record_is_cleared()
    {
        using var rig = new FslPamuRig();
        rig.Dma(0x500);
        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.HandleInterrupt()));
        Assert.Equal((0x0500_0000u, 0xcu), (rig.Register(FslPamuRegisters.ViolationStatus), rig.Register(FslPamuRegisters.InterruptControl)));
    }

    [Fact]
    public void The_handler_has_nothing_to_do_without_a_status()
    {
        using var rig = new FslPamuRig(units: 2);
        var steps = new List<DriverStep>();
        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt(), steps.Add));
        Assert.All(steps, step => Assert.Equal((DriverStepKind.ReadRegister, 0xc1cUL), (step.Kind, step.Address)));
        Assert.Equal([0, 1], steps.Select(step => step.Unit));
    }

    [Fact]
    public void PAMUs_share_the_tables_and_have_records_bypasses_and_masks_of_their_own()
    {
        using var rig = new FslPamuRig(erratum: true, units: 3);
        Assert.Equal(0x1800_0000u, rig.Utilities.BypassEnable);
        rig.Run(rig.Driver.Detach(rig.Attached(), FslPamuRig.Device));
        Assert.Null(rig.Dma(unit: 2));
        Assert.Equal([0u, 0u, 0x0005_4001u], Enumerable.Range(0, 3).Select(unit => rig.Register(FslPamuRegisters.ViolationStatus, unit)));
        rig.Run(rig.Driver.HandleInterrupt());
        Assert.Equal([4u, 4u, 0u], Enumerable.Range(0, 3).Select(unit => rig.Register(FslPamuRegisters.InterruptControl, unit)));
        rig.Utilities.BypassEnable |= 0x4000_0000;
        Assert.Equal([null, FslPamuRig.Iova, null], Enumerable.Range(0, 3).Select(unit => rig.Dma(unit: unit)));
    }

    private static void AssertRecorded(FslPamuRig rig, uint status, ulong address, ulong entry, FaultReason reason)
    {
        Assert.Equal(status, rig.Register(FslPamuRegisters.ViolationStatus));
        Assert.Equal((uint)(address >> 32), rig.Register(FslPamuRegisters.ViolationAddressHigh));
        Assert.Equal((uint)address, rig.Register(FslPamuRegisters.ViolationAddressLow));
        Assert.Equal((uint)(entry >> 32), rig.Register(FslPamuRegisters.OperationErrorAddressHigh));
        Assert.Equal((uint)entry, rig.Register(FslPamuRegisters.OperationErrorAddressLow));
        Assert.Equal(0xcu, rig.Register(FslPamuRegisters.InterruptControl));
        Assert.True(rig.Units[0].InterruptAsserted);
        var fault = rig.Fault();
        Assert.Equal((status >> 16, address, reason, (ushort)status), (fault.Stream.Value, fault.Iova.Value, fault.Reason, fault.Code));
    }

    // 64 KiB (WSE 15) from 0x40000000, to 0x90000000.
    private static void WriteWindow(FslPamuRig rig, uint translation)
    {
        rig.Memory.WriteBigEndian32(rig.Entry(5, 0xc), translation << 2);
        rig.Memory.WriteBigEndian32(rig.Entry(5, 0x14), 0x9000_0000);
        rig.Memory.WriteBigEndian32(rig.Entry(5, 4), 0x4000_0000 | (15 << 6) | (3 << 3) | 1);
    }
}
