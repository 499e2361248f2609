using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.AmdVi;

namespace Emulator.Hardware.Tests.Iommus.AmdVi;

public sealed class EventTests
{
    private const ulong Iova = 0x5010;
    private const ulong Readable = 0x2000_0000_0090_0001;
    private const ulong Blocking = 3;

    [Fact]
    public void A_missing_page_is_IO_PAGE_FAULT_without_PR() =>
        Expect(silicon => silicon.MapPage5(0), AmdViEventCode.IoPageFault, AmdViEventFlags.None, FaultReason.NotPresent);

    [Fact]
    public void A_write_to_a_read_only_page_is_IO_PAGE_FAULT_with_PR_PE_and_RW() =>
        Expect(
            silicon => silicon.MapPage5(Readable), AmdViEventCode.IoPageFault, AmdViEventFlags.Present | AmdViEventFlags.Permission | AmdViEventFlags.Write,
            FaultReason.PermissionDenied, DmaAccess.Write);

    [Fact]
    public void A_reserved_bit_in_a_page_entry_is_IO_PAGE_FAULT_with_RZ() =>
        Expect(
            silicon => silicon.MapPage5(Readable | (1UL << 55)), AmdViEventCode.IoPageFault, AmdViEventFlags.Present | AmdViEventFlags.ReservedNotZero,
            FaultReason.TableEntryInvalid);

    [Fact]
    public void A_next_level_that_does_not_descend_is_IO_PAGE_FAULT_with_RZ() =>
        Expect(
            silicon => silicon.MapPage5(0x6000_0000_0010_2201), AmdViEventCode.IoPageFault, AmdViEventFlags.Present | AmdViEventFlags.ReservedNotZero,
            FaultReason.TableEntryInvalid);

    [Fact]
    public void Mode_7_is_ILLEGAL_DEV_TABLE_ENTRY() =>
        Expect(silicon => silicon.SetDeviceEntry(0x6000_0000_0000_0e03, 1), AmdViEventCode.IllegalDeviceTableEntry, AmdViEventFlags.ReservedNotZero, FaultReason.ConfigurationInvalid, domain: 0);

    [Fact]
    public void Guest_translation_that_is_not_enabled_is_ILLEGAL_DEV_TABLE_ENTRY() =>
        Expect(
            silicon => silicon.SetDeviceEntry(Blocking | AmdViDeviceTableEntry.GuestValidBit, 1), AmdViEventCode.IllegalDeviceTableEntry, AmdViEventFlags.ReservedNotZero,
            FaultReason.ConfigurationInvalid, domain: 0);

    [Fact]
    public void A_device_table_outside_memory_is_DEV_TAB_HARDWARE_ERROR_at_the_entry() =>
        Expect(
            silicon => silicon.Write(AmdViRegisters.DeviceTableBase, 0x70_0000_0000), AmdViEventCode.DeviceTableHardwareError, AmdViEventFlags.None,
            FaultReason.TableReadAbort, domain: 0, address: 0x70_0000_0000 + (AmdViSilicon.Device * 32));

    [Fact]
    public void A_page_table_outside_memory_is_PAGE_TAB_HARDWARE_ERROR_at_the_table() =>
        Expect(
            silicon => silicon.SetDeviceEntry(0x6000_0070_0000_0603, 1), AmdViEventCode.PageTableHardwareError, AmdViEventFlags.None,
            FaultReason.TableReadAbort, address: 0x70_0000_0000);

    [Fact]
    public void An_ATS_request_of_a_device_without_I_is_INVALID_DEVICE_REQUEST()
    {
        using var silicon = new AmdViSilicon();
        silicon.MapPage5(Readable);

        Assert.Equal(DmaStatus.Aborted, silicon.Dma(Request(DmaAttributes.Translated)).Status);
        Assert.Equal(DmaStatus.Aborted, silicon.Dma(Request(DmaAttributes.TranslationRequest)).Status);

        Assert.Equal([AmdViEventCode.InvalidDeviceRequest, AmdViEventCode.InvalidDeviceRequest], silicon.Events().Select(e => e.Code));
    }

    [Fact]
    public void With_I_set_a_translated_request_passes_and_a_translation_request_gets_the_page()
    {
        using var silicon = new AmdViSilicon();
        silicon.MapPage5(Readable, 1 | AmdViDeviceTableEntry.AtsBit);

        Assert.Equal(Iova, silicon.Dma(Request(DmaAttributes.Translated)).Address.Value);
        Assert.Equal(0x900010UL, silicon.Dma(Request(DmaAttributes.TranslationRequest)).Address.Value);
        Assert.Empty(silicon.Events());
    }

    [Theory]
    [InlineData(0, DmaAccess.Write, false)]
    [InlineData(1, DmaAccess.Write, true)]
    [InlineData(1, DmaAccess.Read, false)]
    public void SysMgt_decides_over_the_system_management_range(int sysMgt, DmaAccess access, bool passes)
    {
        using var silicon = new AmdViSilicon();
        silicon.MapPage5(Readable, 1 | ((ulong)sysMgt << 40));

        var completion = silicon.Dma(0xfd_f910_0000, access);

        Assert.Equal(passes, completion.Status == DmaStatus.Completed);
        Assert.Equal(passes ? [] : [AmdViEventCode.InvalidDeviceRequest], silicon.Events().Select(e => e.Code));
    }

    [Fact]
    public void An_unknown_command_is_ILLEGAL_COMMAND_ERROR_and_stops_the_buffer_until_it_is_enabled_anew()
    {
        using var silicon = new AmdViSilicon();
        silicon.Issue(0xf000_0000_0000_0000, 0);
        silicon.Issue(AmdViCommand.CompletionWait(0x9000, 7));

        var record = Assert.Single(silicon.Events());
        Assert.Equal((AmdViEventCode.IllegalCommand, AmdViSilicon.Commands), (record.Code, record.Address));
        Assert.Equal(0UL, silicon.Memory.Read64(0x9000));
        Assert.Equal(0UL, silicon.Read(AmdViRegisters.CommandHead));
        Assert.False(silicon.Status.HasFlag(AmdViStatus.CommandBufferRunning));

        silicon.Write(AmdViRegisters.Control, AmdViSilicon.Bit(AmdViControl.Enable));
        silicon.Write(AmdViRegisters.CommandHead, 16);
        silicon.Write(AmdViRegisters.Control, AmdViSilicon.Bit(AmdViControl.Enable) | AmdViSilicon.Bit(AmdViControl.CommandBuffer));
        Assert.Equal(7UL, silicon.Memory.Read64(0x9000));
    }

    [Fact]
    public void A_semaphore_outside_memory_is_COMMAND_HARDWARE_ERROR()
    {
        using var silicon = new AmdViSilicon();
        silicon.Issue(AmdViCommand.CompletionWait(0x70_0000_0000, 7));

        Assert.Equal(AmdViEventCode.CommandHardwareError, Assert.Single(silicon.Events()).Code);
    }

    [Fact]
    public void COMPLETION_WAIT_with_its_interrupt_flag_sets_the_status_bit_and_interrupts_when_enabled()
    {
        using var silicon = new AmdViSilicon(control: AmdViSilicon.Bit(AmdViControl.CompletionInterrupt));
        silicon.Issue(0x1000_0000_0000_0002, 0);

        Assert.True(silicon.Status.HasFlag(AmdViStatus.CompletionInterrupt));
        Assert.True(silicon.Iommu.InterruptAsserted);
        silicon.Write(AmdViRegisters.Status, (ulong)AmdViStatus.CompletionInterrupt);
        Assert.False(silicon.Iommu.InterruptAsserted);
    }

    [Fact]
    public void SA_suppresses_all_page_faults_and_SE_all_but_the_first()
    {
        using var silicon = new AmdViSilicon();
        silicon.SetDeviceEntry(Blocking, 1UL << 34);
        Assert.Equal(DmaStatus.Aborted, silicon.Dma(Iova).Status);
        Assert.Empty(silicon.Events());

        silicon.SetDeviceEntry(Blocking, 1UL << 33);
        silicon.Issue(AmdViCommand.InvalidateDevice(AmdViSilicon.Device));
        silicon.Dma(Iova);
        silicon.Dma(Iova);
        Assert.Single(silicon.Events());

        silicon.Issue(AmdViCommand.InvalidateDevice(AmdViSilicon.Device));
        silicon.Dma(Iova);
        Assert.Equal(2, silicon.Events().Count);
    }

    [Fact]
    public void A_request_of_a_device_beyond_the_table_is_refused()
    {
        using var silicon = new AmdViSilicon();

        Assert.Equal(DmaStatus.Aborted, silicon.Dma(Iova, DmaAccess.Read, device: 128).Status);
        Assert.Equal(DmaStatus.Completed, silicon.Dma(Iova, DmaAccess.Read, device: 127).Status);
        Assert.Equal(AmdViEventCode.IllegalDeviceTableEntry, Assert.Single(silicon.Events()).Code);
    }

    [Fact]
    public void TV_0_is_refused_and_logged_only_if_the_model_is_told_so()
    {
        using var silent = new AmdViSilicon(new AmdViIommuOptions { LogsTranslationInvalid = false });
        silent.SetDeviceEntry(0x6000_0000_0000_0001, 0);
        using var logging = new AmdViSilicon();
        logging.SetDeviceEntry(0x6000_0000_0000_0001, 0);

        Assert.Equal(DmaStatus.Aborted, silent.Dma(Iova).Status);
        Assert.Equal(DmaStatus.Aborted, logging.Dma(Iova).Status);
        Assert.Empty(silent.Events());
        Assert.Equal((AmdViEventCode.IoPageFault, AmdViEventFlags.None), (logging.Events()[0].Code, logging.Events()[0].Flags));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void A_full_log_drops_events_until_the_driver_restarts_it(KernelVersion kernel)
    {
        using var bench = new AmdViBench(kernel);
        for (var i = 0; i < 600; i++)
            bench.Dma(AmdViBench.Page);
        Assert.Equal(511, bench.Events().Count);
        Assert.Equal(89, bench.Silicon.LostEvents);
        Assert.True(bench.Silicon.InterruptAsserted);

        bench.Run(bench.Driver.HandleInterrupt());

        Assert.Empty(bench.Events());
        Assert.False(bench.Silicon.InterruptAsserted);
        bench.Dma(AmdViBench.Page);
        Assert.Single(bench.Events());
        Assert.True(bench.Silicon.InterruptAsserted);
    }

    private static DmaRequest Request(DmaAttributes attributes) =>
        new(new StreamId(AmdViSilicon.Device), new Iova(Iova), DmaAccess.Read) { Attributes = attributes };

    private static void Expect(
        Action<AmdViSilicon> prepare, AmdViEventCode code, AmdViEventFlags flags, FaultReason reason, DmaAccess access = DmaAccess.Read, ushort domain = 1, ulong address = Iova)
    {
        using var silicon = new AmdViSilicon();
        prepare(silicon);

        Assert.Equal(DmaStatus.Aborted, silicon.Dma(Iova, access).Status);

        Assert.Equal(new AmdViEvent(code, AmdViSilicon.Device, domain, flags, address), Assert.Single(silicon.Events()));
        var records = new FaultRecord[2];
        Assert.Equal(1, silicon.Iommu.Faults.Take(records));
        Assert.Equal(new FaultRecord(new StreamId(AmdViSilicon.Device), new Iova(Iova), access, reason, (ushort)code), records[0]);
    }
}
