using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.Omap;

namespace Emulator.Hardware.Tests.Iommus.Omap;

public sealed class FaultTests
{
    [Theory]
    [InlineData("no first level", OmapFault.Translation, FaultReason.NotPresent)]
    [InlineData("no second level", OmapFault.Translation, FaultReason.NotPresent)]
    [InlineData("reserved type", OmapFault.Translation, FaultReason.NotPresent)]
    [InlineData("no root", OmapFault.TableWalk, FaultReason.TableReadAbort)]
    [InlineData("no table", OmapFault.TableWalk, FaultReason.TableReadAbort)]
    [InlineData("walks off", OmapFault.TlbMiss, FaultReason.NotPresent)]
    [InlineData("two entries", OmapFault.MultiHit, FaultReason.ConfigurationInvalid)]
    public void Each_cause_has_its_bit_and_the_address(string cause, OmapFault fault, FaultReason reason)
    {
        using var rig = OmapRig.Of("tlb32");
        rig.Attached();
        rig.Write(OmapRegisters.IrqEnable, OmapRegisters.AllInterrupts);
        var iova = cause == "no second level" ? OmapRig.Unmapped : 0x7000_0abcUL;
        switch (cause)
        {
            case "reserved type":
                rig.Memory.Write32(OmapRig.Root + 0x1c00, 3);
                break;
            case "no root":
                rig.Write(OmapRegisters.TableBase, 0xf000_0000);
                break;
            case "no table":
                rig.Memory.Write32(OmapRig.Root + 0x1c00, 0xf000_0001);
                break;
            case "walks off":
                rig.Write(OmapRegisters.Control, OmapRegisters.MmuEnable);
                break;
            case "two entries":
                rig.Load(3, OmapRegisters.EncodeCam(0x7000_0000, 20), 0x1000_0000);
                rig.Load(5, OmapRegisters.EncodeCam(0x7000_0000, 12), 0x2000_0000);
                break;
        }

        Assert.Equal(DmaStatus.Aborted, rig.Send(iova, out _, access: DmaAccess.Write));

        Assert.Equal(1u << (int)fault, rig.Read(OmapRegisters.IrqStatus));
        Assert.Equal((uint)iova, rig.Read(OmapRegisters.FaultAddress));
        Assert.True(rig.Mmu.InterruptAsserted);
        Assert.Equal(new FaultRecord(new StreamId(0), new Iova(iova), DmaAccess.Write, reason, (ushort)fault), rig.TakeFault());
    }

    [Fact]
    public void Linux_does_not_ask_for_an_interrupt_of_a_TLB_miss()
    {
        using var rig = OmapRig.Of("tlb32");
        rig.Attached();
        rig.Write(OmapRegisters.Control, OmapRegisters.MmuEnable);

        Assert.Null(rig.Dma(0x7000_0000));

        Assert.Equal(1u, rig.Read(OmapRegisters.IrqStatus));
        Assert.False(rig.Mmu.InterruptAsserted);
    }

    [Fact]
    public void Without_bus_errors_the_master_stays_stalled_when_the_handler_is_done()
    {
        using var rig = OmapRig.Of("tlb8");
        rig.Attached();

        Assert.Equal(DmaStatus.Stalled, rig.Send(OmapRig.Unmapped, out _));
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt()));

        Assert.Equal(1, rig.Mmu.Stalled);
        Assert.Equal(0, rig.Mmu.TakeResumed(new ResumedDma[1]));
        Assert.Equal(2u, rig.Read(OmapRegisters.IrqStatus));
        Assert.False(rig.Mmu.InterruptAsserted);
        Assert.Equal(1, rig.Mmu.Faults.Total);
    }

    [Fact]
    public void A_stalled_request_goes_on_when_the_fault_is_acknowledged_and_the_page_is_there()
    {
        using var rig = OmapRig.Of("tlb8");
        var domain = rig.Attached();
        rig.Send(OmapRig.Unmapped, out _, tag: 7);
        rig.Send(0x7000_0000, out _, tag: 8);
        rig.Map(domain, OmapRig.Unmapped & ~0xfffUL, 0x1000_0000, 0x1000);
        Assert.Equal(2, rig.Mmu.Stalled);

        rig.Write(OmapRegisters.IrqStatus, 2);

        var resumed = new ResumedDma[2];
        Assert.Equal(1, rig.Mmu.TakeResumed(resumed));
        Assert.Equal((7, DmaStatus.Completed, 0x1000_0abcUL), (resumed[0].Completion.Tag, resumed[0].Completion.Status, resumed[0].Completion.Address.Value));
        Assert.Equal(1, rig.Mmu.Stalled);
        Assert.Equal((2u, 0x7000_0000u), (rig.Read(OmapRegisters.IrqStatus), rig.Read(OmapRegisters.FaultAddress)));
    }

    [Fact]
    public void What_is_stalled_while_the_MMU_is_switched_off_waits_for_an_acknowledgement()
    {
        using var rig = OmapRig.Of("tlb8");
        rig.Attached();
        rig.Send(OmapRig.Unmapped, out _);

        rig.Write(OmapRegisters.Control, 0);
        Assert.Equal(1, rig.Mmu.Stalled);
        rig.Write(OmapRegisters.IrqStatus, 2);

        var resumed = new ResumedDma[1];
        Assert.Equal(1, rig.Mmu.TakeResumed(resumed));
        Assert.Equal(OmapRig.Unmapped, resumed[0].Completion.Address.Value);
    }

    [Fact]
    public void More_requests_than_a_master_has_outstanding_fail()
    {
        using var rig = new OmapRig(OmapHardware.Tlb8, silicon: new OmapOptions { OutstandingRequests = 2 });
        rig.Attached();

        Assert.Equal(DmaStatus.Stalled, rig.Send(OmapRig.Unmapped, out _));
        Assert.Equal(DmaStatus.Stalled, rig.Send(OmapRig.Unmapped, out _));
        Assert.Equal(DmaStatus.Aborted, rig.Send(OmapRig.Unmapped, out _));
        Assert.Equal(OmapRig.Frame, rig.Dma());
    }

    [Fact]
    public void A_fault_that_the_domains_owner_handled_leaves_interrupts_on()
    {
        using var rig = OmapRig.Of("tlb32");
        var domain = rig.Attached();
        var told = new List<Iova>();
        domain.FaultHandler = iova =>
        {
            told.Add(iova);
            return true;
        };
        rig.Dma(OmapRig.Unmapped, access: DmaAccess.Write);

        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));

        Assert.Equal([new Iova(OmapRig.Unmapped)], told);
        Assert.Equal((0u, 0x1eu), (rig.Read(OmapRegisters.IrqStatus), rig.Read(OmapRegisters.IrqEnable)));
    }

    [Fact]
    public void Address_bits_above_the_bus_do_not_exist()
    {
        using var rig = OmapRig.Of("tlb8");
        rig.Attached();

        Assert.Equal(OmapRig.Frame + 8, rig.Dma(0x5_0000_0000 + OmapRig.Page + 8));
    }
}
