using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.AppleDart;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.AppleDart;

public sealed class FaultTests
{
    private const ulong InOtherTable = DartRig.MappedIova + (1UL << 25);
    private const ulong InSameTable = DartRig.MappedIova + (1UL << 14);

    [Theory]
    [InlineData("t8103", "no TTBR", 0)]
    [InlineData("t8103", "no first level", 1)]
    [InlineData("t8103", "no leaf", 2)]
    [InlineData("t8103", "write", 3)]
    [InlineData("t8103", "read", 4)]
    [InlineData("t6000", "no leaf", 2)]
    [InlineData("t8103-usb4", "read", 4)]
    [InlineData("t8103", "beyond the TTBRs", 0)]
    [InlineData("t8110", "no TTBR", 0)]
    [InlineData("t8110", "beyond the TTBRs", 1)]
    [InlineData("t8110", "no first level", 2)]
    [InlineData("t8110", "no leaf", 3)]
    [InlineData("t8110", "write", 4)]
    [InlineData("t8110", "read", 5)]
    public void A_refused_DMA_leaves_its_code_stream_and_address(string variant, string cause, int code)
    {
        using var rig = DartRig.Of(variant, KernelVersion.Linux612);
        rig.Attached(protection: cause switch { "write" => Protection.Read, "read" => Protection.Write, _ => Protection.Read | Protection.Write });
        if (cause == "no TTBR")
            rig.Write(rig.Hardware.Ttbr(5, 0), 0);
        var (iova, access, reason) = cause switch
        {
            "no first level" => (InOtherTable, DmaAccess.Read, FaultReason.NotPresent),
            "no leaf" => (InSameTable, DmaAccess.Read, FaultReason.NotPresent),
            "write" => (DartRig.MappedIova, DmaAccess.Write, FaultReason.PermissionDenied),
            "read" => (DartRig.MappedIova, DmaAccess.Read, FaultReason.PermissionDenied),
            "beyond the TTBRs" => (0x55_0000_4000UL, DmaAccess.Read, variant == "t8110" ? FaultReason.AddressSize : FaultReason.NotPresent),
            _ => (DartRig.MappedIova, DmaAccess.Read, FaultReason.NotPresent),
        };

        Assert.Null(rig.Dma(iova, access));

        Assert.True(rig.Dart.InterruptAsserted);
        var sid = variant == "t8110" ? 5u << 20 : 5u << 24;
        Assert.Equal(0x80000000u | sid | (1u << code), rig.Read(rig.Hardware.Error));
        Assert.Equal((uint)iova, rig.Read(rig.Hardware.ErrorAddress));
        Assert.Equal((uint)(iova >> 32), rig.Read(rig.Hardware.ErrorAddress + 4));
        Assert.Equal(new FaultRecord(new StreamId(5), new Iova(iova), access, reason, (ushort)code), rig.TakeFault());
    }

    [Theory]
    [MemberData(nameof(DartRig.Cases), MemberType = typeof(DartRig))]
    public void The_handler_clears_the_record_and_the_interrupt(string variant, KernelVersion kernel)
    {
        using var rig = DartRig.Of(variant, kernel);
        rig.Attached();
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt()));
        rig.Dma(InSameTable);

        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));

        Assert.False(rig.Dart.InterruptAsserted);
        Assert.Equal(0u, rig.Read(rig.Hardware.Error));
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt()));
    }

    [Fact]
    public void While_a_fault_is_recorded_further_ones_are_only_counted()
    {
        using var rig = DartRig.Of("t8103", KernelVersion.Linux61);
        rig.Attached();
        rig.Dma(InSameTable);
        var error = rig.Read(rig.Hardware.Error);

        Assert.Null(rig.Dma(InOtherTable, DmaAccess.Write, stream: 6));

        Assert.Equal(error, rig.Read(rig.Hardware.Error));
        Assert.Equal((uint)InSameTable, rig.Read(rig.Hardware.ErrorAddress));
        Assert.Equal(1, rig.Dart.Faults.Total);
        Assert.Equal(1, rig.Dart.UnrecordedFaults);
    }

    [Fact]
    public void A_table_outside_memory_reads_as_absent()
    {
        using var rig = DartRig.Of("t6000", KernelVersion.Linux612);
        rig.Attached();
        rig.Write(rig.Hardware.Ttbr(5, 0), rig.Hardware.EncodeTtbr(1UL << 40));

        Assert.Null(rig.Dma());
        Assert.Equal(1, rig.TakeFault().Code);
    }

    [Fact]
    public void T8110_keeps_a_mask_of_codes_and_a_bit_for_each_faulting_stream()
    {
        using var rig = DartRig.Of("t8110", KernelVersion.Linux612);
        rig.Attached();
        rig.Write(AppleDartRegisters.ErrorMask, 1 << 3);

        rig.Dma(InSameTable);

        Assert.False(rig.Dart.InterruptAsserted);
        Assert.Equal(1u << 5, rig.Read(AppleDartRegisters.ErrorStreams));
        rig.Write(AppleDartRegisters.ErrorMask, 0);
        Assert.True(rig.Dart.InterruptAsserted);
        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));
        Assert.Equal(0u, rig.Read(AppleDartRegisters.ErrorStreams));
    }
}
