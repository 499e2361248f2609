using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Rockchip;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Rockchip;

public sealed class FaultTests
{
    private const ulong InOtherTable = RockchipRig.Iova + 0x40_0000;
    private const ulong InSameTable = RockchipRig.Iova + 0x1000;

    [Theory]
    [InlineData("v1", InOtherTable, DmaAccess.Read, RockchipRig.ReadWrite, FaultReason.NotPresent)]
    [InlineData("v1", InSameTable, DmaAccess.Write, RockchipRig.ReadWrite, FaultReason.NotPresent)]
    [InlineData("v1", RockchipRig.Iova, DmaAccess.Write, Protection.Read, FaultReason.PermissionDenied)]
    [InlineData("v1", RockchipRig.Iova, DmaAccess.Read, Protection.Write, FaultReason.PermissionDenied)]
    [InlineData("v2", InOtherTable, DmaAccess.Write, RockchipRig.ReadWrite, FaultReason.NotPresent)]
    [InlineData("v2", InSameTable, DmaAccess.Read, RockchipRig.ReadWrite, FaultReason.NotPresent)]
    [InlineData("v2", RockchipRig.Iova, DmaAccess.Write, Protection.Read, FaultReason.PermissionDenied)]
    [InlineData("v2", RockchipRig.Iova, DmaAccess.Read, Protection.Write, FaultReason.PermissionDenied)]
    public void Holes_and_missing_permissions_are_the_same_page_fault(string variant, ulong iova, DmaAccess access, Protection protection, FaultReason reason)
    {
        using var rig = new RockchipRig(variant, KernelVersion.Linux61);
        rig.Attached(protection: protection);

        Assert.Equal(DmaStatus.Stalled, rig.Send(iova + 0x24, access).Status);

        Assert.True(rig.Bank.InterruptAsserted);
        Assert.Equal(RockchipRegisters.PageFault, rig.Read(RockchipRegisters.InterruptRaw));
        Assert.Equal(RockchipRegisters.PageFault, rig.Read(RockchipRegisters.InterruptStatus));
        Assert.Equal(iova + 0x24, rig.Read(RockchipRegisters.PageFaultAddress));
        Assert.True(rig.Status(RockchipRegisters.PageFaultActive));
        Assert.Equal(access == DmaAccess.Write, rig.Status(RockchipRegisters.PageFaultIsWrite));
        Assert.False(rig.Status(RockchipRegisters.ReplayBufferEmpty));
        Assert.Equal(new FaultRecord(new StreamId(0), new Iova(iova + 0x24), access, reason, 1), rig.TakeFault());
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v2")]
    public void A_cached_page_faults_for_want_of_permission_as_well(string variant)
    {
        using var rig = new RockchipRig(variant, KernelVersion.Linux612);
        rig.Attached(protection: Protection.Read);
        Assert.Equal(RockchipRig.PageA, rig.Dma());

        Assert.Equal(DmaStatus.Stalled, rig.Send(access: DmaAccess.Write).Status);
        Assert.Equal(FaultReason.PermissionDenied, rig.TakeFault().Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_table_that_cannot_be_read_is_a_bus_error_and_stalls_nothing(int level)
    {
        const uint Nowhere = 0xff00_0000;
        using var rig = new RockchipRig("v2", KernelVersion.Linux61);
        var domain = rig.Attached();
        if (level == 0)
            rig.Bank.Registers.Write(RockchipRegisters.DirectoryAddress, 4, Nowhere | 0xf00);
        else
            rig.Memory.Write32(domain.Tables!.Directory + 12, Nowhere | 0xf01);

        Assert.Equal(DmaStatus.Aborted, rig.Send().Status);

        Assert.Equal(RockchipRegisters.BusError, rig.Read(RockchipRegisters.InterruptStatus));
        Assert.False(rig.Status(RockchipRegisters.PageFaultActive));
        Assert.Equal(new FaultRecord(new StreamId(0), new Iova(RockchipRig.Iova), DmaAccess.Read, FaultReason.TableReadAbort, 2), rig.TakeFault());
        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));
        Assert.False(rig.Bank.InterruptAsserted);
    }

    [Fact]
    public void Everything_behind_a_page_fault_waits_and_goes_on_in_order_once_the_page_is_mapped()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        var domain = rig.Attached();
        Assert.Equal(DmaStatus.Stalled, rig.Send(InSameTable).Status);
        Assert.Equal(DmaStatus.Stalled, rig.Send().Status);
        Assert.Empty(rig.Resumed());
        Assert.Equal(1, rig.Bank.Faults.Total);
        rig.Map(domain, InSameTable, RockchipRig.PageB, 0x1000);

        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));

        Assert.Equal([RockchipRig.PageB, RockchipRig.PageA], rig.Resumed());
        Assert.False(rig.Bank.InterruptAsserted);
        Assert.Equal(RockchipRig.PageA, rig.Dma());
    }

    [Fact]
    public void An_unmapped_access_that_is_replayed_is_an_interrupt_storm()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        rig.Attached();
        rig.Send(InSameTable);
        for (var i = 2; i <= 10; i++)
        {
            Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));
            Assert.False(rig.Bank.InterruptAsserted);

            Assert.Empty(rig.Resumed());

            Assert.True(rig.Bank.InterruptAsserted);
            Assert.Equal(i, rig.Bank.Faults.Total);
        }
    }

    [Fact]
    public void The_handler_drops_the_whole_TLB_and_tells_the_domain()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux612);
        var domain = rig.Attached();
        var told = new List<(Iova, DmaAccess)>();
        domain.FaultHandler = (iova, access) => told.Add((iova, access));
        rig.Dma();
        rig.Send(InSameTable, DmaAccess.Write);

        rig.Run(rig.Driver.HandleInterrupt());

        Assert.Equal([(new Iova(InSameTable), DmaAccess.Write)], told);
        Assert.Equal(0, rig.Bank.Iotlb!.Count);
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt()));
    }

    [Fact]
    public void A_set_bit_of_the_mask_enables_the_interrupt()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        rig.Attached();
        rig.Bank.Registers.Write(RockchipRegisters.InterruptMask, 4, RockchipRegisters.BusError);

        rig.Send(InSameTable);

        Assert.False(rig.Bank.InterruptAsserted);
        Assert.Equal(RockchipRegisters.PageFault, rig.Read(RockchipRegisters.InterruptRaw));
        Assert.Equal(0UL, rig.Read(RockchipRegisters.InterruptStatus));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, true)]
    [InlineData(KernelVersion.Linux612, false)]
    public void Only_6_12_acknowledges_a_pending_fault_before_it_stalls_the_bank(KernelVersion kernel, bool timesOut)
    {
        using var rig = new RockchipRig("v1", kernel);
        var domain = rig.Attached();
        rig.Send(InSameTable);

        var log = rig.Log(rig.Driver.Detach(domain, rig.Device));

        Assert.Equal(!timesOut, log.Contains("write rk0.COMMAND = 0x5"));
        Assert.Equal(!timesOut, log.Contains("write rk0.COMMAND = 0x3"));
        Assert.Equal(timesOut ? 15 : 14, log.Count);
        Assert.Equal([InSameTable], rig.Resumed());
        Assert.Equal(RockchipRig.Iova, rig.Dma());
    }

    [Fact]
    public void A_forced_reset_refuses_what_is_held()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        rig.Attached();
        rig.Send(InSameTable);

        rig.Order(RockchipCommand.ForceReset);

        Assert.Equal([null], rig.Resumed());
        Assert.Equal(0UL, rig.Read(RockchipRegisters.DirectoryAddress));
        Assert.Equal(RockchipRegisters.Idle | RockchipRegisters.ReplayBufferEmpty, rig.Read(RockchipRegisters.Status));
        Assert.Equal(InSameTable, rig.Dma(InSameTable));
    }

    [Fact]
    public void Requests_that_find_no_room_are_refused_and_counted()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61, new RockchipOptions { HeldRequests = 2 });
        rig.Attached();

        Assert.Equal(
            [DmaStatus.Stalled, DmaStatus.Stalled, DmaStatus.Aborted, DmaStatus.Aborted],
            Enumerable.Range(0, 4).Select(_ => rig.Send(InSameTable).Status));
        Assert.Equal(2, rig.Bank.Overruns);
    }
}
