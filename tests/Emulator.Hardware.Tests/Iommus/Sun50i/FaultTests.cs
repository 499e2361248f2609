using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Sun50i;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Sun50i;

public sealed class FaultTests
{
    private const ulong SameTable = Sun50iRig.MappedIova + 0x1000;
    private const ulong OtherTable = Sun50iRig.MappedIova + 0x100000;

    [Theory]
    [InlineData("directory word 0", DmaAccess.Read)]
    [InlineData("directory word 2", DmaAccess.Write)]
    [InlineData("directory word 3", DmaAccess.Read)]
    [InlineData("no directory", DmaAccess.Read)]
    [InlineData("too wide", DmaAccess.Write)]
    public void An_invalid_first_level_word_is_recorded(string cause, DmaAccess access)
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        if (cause.StartsWith("directory word", StringComparison.Ordinal))
            rig.Memory.Write32(domain.Tables!.Root + ((OtherTable >> 20) * 4), 0x48000000u | (cause[^1] - (uint)'0'));
        else if (cause == "no directory")
            rig.Write(Sun50iRegisters.TableBase, (uint)Sun50iRig.Hole);
        var iova = cause == "too wide" ? (1UL << 32) + Sun50iRig.MappedIova : OtherTable;

        Assert.Equal(DmaStatus.Aborted, rig.Send(iova + 4, access, 3).Status);

        Assert.True(rig.Iommu.InterruptAsserted);
        Assert.Equal(1u << 16, rig.Read(Sun50iRegisters.InterruptStatus));
        Assert.Equal((uint)iova + 4, rig.Read(Sun50iRegisters.ErrorAddressL1));
        Assert.Equal(1u << 3, rig.Read(Sun50iRegisters.BlameL1));
        Assert.Equal(0u, rig.Read(Sun50iRegisters.BlameL2));
        Assert.Equal(new FaultRecord(new StreamId(3), new Iova(iova + 4), access, FaultReason.NotPresent, 16), rig.TakeFault());
        rig.Run(rig.Driver.HandleInterrupt());
        Assert.Equal([((iova + 4) & uint.MaxValue, DmaAccess.Read)], rig.Reported);
        Assert.False(rig.Iommu.InterruptAsserted);
        Assert.Equal(0u, rig.Read(Sun50iRegisters.BlameL1));
    }

    [Theory]
    [InlineData(false, DmaAccess.Read)]
    [InlineData(true, DmaAccess.Write)]
    public void An_invalid_second_level_word_is_recorded(bool tableMissing, DmaAccess access)
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        if (tableMissing)
            rig.Memory.Write32(domain.Tables!.Root + ((SameTable >> 20) * 4), (uint)Sun50iRig.Hole | 1);

        Assert.Equal(DmaStatus.Aborted, rig.Send(SameTable, access, 5).Status);

        Assert.Equal(1u << 17, rig.Read(Sun50iRegisters.InterruptStatus));
        Assert.Equal((uint)SameTable, rig.Read(Sun50iRegisters.ErrorAddressL2));
        Assert.Equal((1u << 5, 0u), (rig.Read(Sun50iRegisters.BlameL2), rig.Read(Sun50iRegisters.BlameL1)));
        Assert.Equal(new FaultRecord(new StreamId(5), new Iova(SameTable), access, FaultReason.NotPresent, 17), rig.TakeFault());
    }

    // ACI 1 and 3 as the driver writes them. What it tells of ACI 1 is a guess.
    [Theory]
    [InlineData(Protection.None, DmaAccess.Read, DmaAccess.Read)]
    [InlineData(Protection.None, DmaAccess.Write, DmaAccess.Read)]
    [InlineData(Protection.Write, DmaAccess.Read, DmaAccess.Read)]
    public void A_denied_access_is_recorded_with_the_page_word(Protection protection, DmaAccess access, DmaAccess told)
    {
        using var rig = new Sun50iRig();
        rig.Attached(protection: protection);

        Assert.Equal(DmaStatus.Aborted, rig.Send(Sun50iRig.MappedIova + 8, access, 4).Status);

        Assert.Equal(1u << 4, rig.Read(Sun50iRegisters.InterruptStatus));
        Assert.Equal((uint)Sun50iRig.MappedIova + 8, rig.Read(Sun50iRegisters.ErrorAddress + 16));
        Assert.Equal((uint)Sun50iRig.PageA | (protection == Protection.None ? 0x12u : 0x32), rig.Read(Sun50iRegisters.ErrorData + 16));
        Assert.Equal(new FaultRecord(new StreamId(4), new Iova(Sun50iRig.MappedIova + 8), access, FaultReason.PermissionDenied, 4), rig.TakeFault());
        Assert.Equal([(0x104UL, 0x10UL), (0x10, 0xffffffef), (0x10, 0xffffffff)], rig.Writes(rig.Driver.HandleInterrupt()).TakeLast(3));
        Assert.Equal([(Sun50iRig.MappedIova + 8, told)], rig.Reported);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Read_only_pages_can_be_written_because_the_driver_overwrites_their_authority(KernelVersion kernel)
    {
        using var rig = new Sun50iRig(kernel);
        rig.Attached(protection: Protection.Read);
        Assert.Equal(Sun50iRig.PageA, rig.Dma(access: DmaAccess.Write));

        rig.Write(Sun50iRegisters.Authority + 4, 0x05550aaa);
        Assert.Null(rig.Dma(access: DmaAccess.Write));
        Assert.Equal(1u, rig.Read(Sun50iRegisters.InterruptStatus));
        Assert.Equal((uint)Sun50iRig.PageA | 0x22, rig.Read(Sun50iRegisters.ErrorData));
        rig.Run(rig.Driver.HandleInterrupt());
        Assert.Equal([(Sun50iRig.MappedIova, DmaAccess.Write)], rig.Reported);
        Assert.Equal(Sun50iRig.PageA, rig.Dma());
    }

    [Fact]
    public void Authorities_are_looked_up_by_master_at_each_access()
    {
        using var rig = new Sun50iRig();
        rig.Attached(protection: Sun50iRig.Both);
        Assert.Equal(Sun50iRig.PageA, rig.Dma(access: DmaAccess.Write, master: 1));
        // ACI 4: writes of master 1 denied.
        rig.Write(Sun50iRegisters.Authority + 8, 1 << 3);
        Assert.Equal(Sun50iRig.PageA, rig.Dma(access: DmaAccess.Write, master: 0));
        Assert.Equal(Sun50iRig.PageA, rig.Dma(master: 1));
        Assert.Null(rig.Dma(access: DmaAccess.Write, master: 1));
        // The field of ACI 0 stays.
        rig.Write(Sun50iRegisters.Authority, 0x00010001);
        Assert.Equal(0x00010000u, rig.Read(Sun50iRegisters.Authority));
    }

    [Fact]
    public void A_master_that_faulted_waits_for_the_reset_of_its_micro_TLB_and_the_others_go_on()
    {
        using var rig = new Sun50iRig();
        rig.Attached();
        rig.Dma(SameTable, master: 1);
        Assert.Equal(DmaStatus.Stalled, rig.Send(master: 1, tag: 7).Status);
        Assert.Equal(Sun50iRig.PageA, rig.Dma(master: 0));

        rig.Write(Sun50iRegisters.InterruptClear, uint.MaxValue);
        Assert.Empty(rig.TakeResumed());
        rig.Write(Sun50iRegisters.Reset, ~2u);
        Assert.Empty(rig.TakeResumed());
        Assert.Equal(DmaStatus.Stalled, rig.Send(SameTable, master: 1, tag: 8).Status);
        Assert.Equal(DmaStatus.Stalled, rig.Send(master: 1, tag: 9).Status);
        rig.Write(Sun50iRegisters.Reset, Sun50iRegisters.ReleaseAll);

        // The second one faults: the third waits on.
        Assert.Equal([(7, Sun50iRig.PageA), (8, null)], rig.TakeResumed());
        rig.Run(rig.Driver.HandleInterrupt());
        Assert.Equal([(9, Sun50iRig.PageA)], rig.TakeResumed());
    }

    [Fact]
    public void Without_that_model_choice_a_master_goes_on_after_its_fault()
    {
        using var rig = new Sun50iRig(options: new Sun50iOptions { WaitsAfterFault = false });
        rig.Attached();
        Assert.Equal(DmaStatus.Aborted, rig.Send(SameTable).Status);
        Assert.Equal(Sun50iRig.PageA, rig.Dma());
    }

    [Fact]
    public void No_more_requests_wait_than_there_is_room_for()
    {
        using var rig = new Sun50iRig(options: new Sun50iOptions { WaitingRequests = 1 });
        rig.Attached();
        rig.Dma(SameTable);
        Assert.Equal(DmaStatus.Stalled, rig.Send().Status);
        Assert.Equal(DmaStatus.Aborted, rig.Send().Status);
    }

    [Fact]
    public void The_first_fault_keeps_its_address_and_every_master_is_blamed_and_reset()
    {
        using var rig = new Sun50iRig();
        rig.Attached();
        rig.Dma(SameTable, master: 0);
        rig.Dma(SameTable + 0x1000, master: 4);
        rig.Dma(OtherTable, master: 2);
        Assert.Equal(0x30000u, rig.Read(Sun50iRegisters.InterruptStatus));
        Assert.Equal((uint)SameTable, rig.Read(Sun50iRegisters.ErrorAddressL2));
        Assert.Equal((0x11u, 0x4u), (rig.Read(Sun50iRegisters.BlameL2), rig.Read(Sun50iRegisters.BlameL1)));

        // Only the invalid second-level word is reported.
        Assert.Equal([(0x104UL, 0x30000UL), (0x10, 0xffffffea), (0x10, 0xffffffff)], rig.Writes(rig.Driver.HandleInterrupt()).TakeLast(3));
        Assert.Equal([(SameTable, DmaAccess.Read)], rig.Reported);
        foreach (var master in (int[])[0, 2, 4])
            Assert.Equal(Sun50iRig.PageA, rig.Dma(master: master));
    }

    [Fact]
    public void The_interrupt_is_what_INT_ENABLE_lets_through()
    {
        using var rig = new Sun50iRig();
        rig.Attached();
        rig.Write(Sun50iRegisters.InterruptEnable, 0x1003f);
        rig.Dma(SameTable);
        Assert.False(rig.Iommu.InterruptAsserted);
        rig.Write(Sun50iRegisters.InterruptEnable, 0x20000);
        Assert.True(rig.Iommu.InterruptAsserted);
    }

    [Fact]
    public void A_handler_without_a_fault_changes_nothing()
    {
        using var rig = new Sun50iRig();
        rig.Attached();
        Assert.Empty(rig.Writes(rig.Driver.HandleInterrupt()));
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt()));
    }

    // The driver knows six masters: nothing protects pages from the seventh, and after a fault nobody resets it.
    [Fact]
    public void H616s_seventh_master_is_outside_what_the_driver_handles()
    {
        using var rig = new Sun50iRig(KernelVersion.Linux612, hardware: Sun50iHardware.H616);
        rig.Attached(protection: Protection.None);
        Assert.Equal(Sun50iRig.PageA, rig.Dma(access: DmaAccess.Write, master: 6));
        rig.Dma(SameTable, master: 6);
        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));
        Assert.Equal(DmaStatus.Stalled, rig.Send(master: 6).Status);
        Assert.Equal(DmaStatus.Aborted, rig.Send(master: 7).Status);

        // A permission fault of it does not even interrupt.
        rig.Pulse(6);
        rig.Write(Sun50iRegisters.Authority, 0x10000000);
        Assert.Null(rig.Dma(master: 6));
        Assert.Equal(1u << 6, rig.Read(Sun50iRegisters.InterruptStatus));
        Assert.False(rig.Iommu.InterruptAsserted);
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt()));
    }
}
