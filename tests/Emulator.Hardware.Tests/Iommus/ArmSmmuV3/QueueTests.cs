using Emulator.Hardware.Iommus.ArmSmmuV3;
using Emulator.Hardware.Memory;
using static Emulator.Hardware.Tests.Iommus.ArmSmmuV3.SmmuV3Bench;
using R = Emulator.Hardware.Iommus.ArmSmmuV3.ArmSmmuV3Registers;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmuV3;

public sealed class QueueTests
{
    private const ulong Iova = 0x1000_0000;
    private const ulong Overflow = 1UL << 31;

    [Fact]
    public void A_full_event_queue_loses_events_and_toggles_OVFLG_once()
    {
        using var smmu = new SmmuV3Bench(eventsLog2: 1);
        smmu.Attach(Stage1);
        for (var i = 0UL; i < 4; i++)
            Assert.Null(smmu.Lands(Iova + (i << 12)));
        Assert.Equal(Overflow | 2, smmu.Read(R.EvtqProd));
        Assert.Equal(2, smmu.Silicon.Faults.Total);

        Assert.Equal(Iova, smmu.TakeEvent()!.Value.InputAddress);
        Assert.Equal(Iova + 0x1000, smmu.TakeEvent()!.Value.InputAddress);
        Assert.Null(smmu.TakeEvent());
        Assert.True(smmu.Silicon.InterruptAsserted);

        // The driver acknowledges by copying OVFLG; the next overflow toggles it back.
        smmu.Write(R.EvtqCons, (smmu.Read(R.EvtqProd) & Overflow) | smmu.Read(R.EvtqCons));
        Assert.False(smmu.Silicon.InterruptAsserted);
        for (var i = 0UL; i < 3; i++)
            Assert.Null(smmu.Lands(Iova));
        Assert.Equal(0UL, smmu.Read(R.EvtqProd) & Overflow);
    }

    [Fact]
    public void With_EVTQEN_clear_events_are_lost()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Write(R.Cr0, (uint)(Control0.All & ~Control0.EvtqEnable));
        Assert.Null(smmu.Lands(Iova));
        Assert.Equal(0UL, smmu.Read(R.EvtqProd));
    }

    [Fact]
    public void An_illegal_command_stops_the_queue_until_it_is_replaced_and_acknowledged()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Bypass });
        Assert.Equal(Iova, smmu.Lands(Iova));
        smmu.Store(new StreamTableEntry { Valid = true });
        smmu.Send(Command.Sync(), new Command(0xFF, 0), Command.InvalidateSte(Sid));

        Assert.Equal(1UL | (ulong)CommandError.Illegal << 24, smmu.Read(R.CmdqCons));
        Assert.Equal((ulong)GlobalErrors.CommandQueue, smmu.Read(R.GError) ^ smmu.Read(R.GErrorN));
        Assert.True(smmu.Silicon.InterruptAsserted);
        Assert.Equal(Iova, smmu.Lands(Iova));

        smmu.Memory.Write64(CommandQueue + 16, Command.Sync().Word0);
        smmu.Memory.Write64(CommandQueue + 24, 0);
        smmu.Write(R.GErrorN, smmu.Read(R.GError));
        Assert.Equal(3UL, smmu.Read(R.CmdqCons));
        Assert.False(smmu.Silicon.InterruptAsserted);
        Assert.Null(smmu.Lands(Iova));
    }

    [Fact]
    public void A_command_that_cannot_be_read_is_CERROR_ABT()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 4UL << 30));
        using var smmu = new SmmuV3Bench(memory: memory);
        smmu.Write(R.Cr0, 0);
        smmu.Write(R.CmdqBase, new QueueBase { Address = 0x70_0000_0000, Log2Size = 4 }.Raw, 8);
        smmu.Write(R.Cr0, (uint)Control0.CmdqEnable);
        smmu.Write(R.CmdqProd, 1);
        Assert.Equal((ulong)CommandError.Abort << 24, smmu.Read(R.CmdqCons));
    }

    [Fact]
    public void Commands_wait_while_the_queue_is_off()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Write(R.Cr0, 0);
        smmu.Send(Command.Sync());
        Assert.Equal(0UL, smmu.Read(R.CmdqCons));
        smmu.Write(R.Cr0, (uint)Control0.CmdqEnable);
        Assert.Equal(1UL, smmu.Read(R.CmdqCons));
    }

    [Fact]
    public void A_SYNC_writes_its_MSI_and_reports_where_it_could_not()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 4UL << 30));
        using var smmu = new SmmuV3Bench(memory: memory);
        smmu.Send(Command.SyncMsi(0x3000_0004, 0xABCD));
        Assert.Equal(0xABCDu, smmu.Memory.Read32(0x3000_0004));
        Assert.Equal(0UL, smmu.Read(R.GError));
        smmu.Send(Command.SyncMsi(0x70_0000_0000, 1));
        Assert.Equal((ulong)GlobalErrors.CommandMsiAbort, smmu.Read(R.GError));
        Assert.Equal(2UL, smmu.Read(R.CmdqCons));
    }

    [Fact]
    public void An_event_writes_the_MSI_of_its_queue()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Write(R.EvtqIrqCfg0, 0x3000_0000, 8);
        smmu.Write(R.EvtqIrqCfg1, 77);
        Assert.Null(smmu.Lands(Iova));
        Assert.Equal(77u, smmu.Memory.Read32(0x3000_0000));
    }

    [Fact]
    public void Words_of_worked_example_5()
    {
        Assert.Equal(new Command(0x0000002000000003, 1), Command.InvalidateSte(0x20));
        Assert.Equal(new Command(0x0000002000000005, 1), Command.InvalidateCd(0x20, 0));
        Assert.Equal(new Command(0x0000002000000040, 0x34), Command.AtcInvalidate(0x20, null, 0, Command.AtcSizeAll));
        Assert.Equal(0x10000001UL, Command.AtcInvalidate(0x20, null, 0x1000_0000, 1).Word1);
        Assert.Equal(0x0001000000000011UL, Command.Tlbi(CommandOpcode.TlbiNhAsid, asid: 1).Word0);
        Assert.Equal(0x0000000100000028UL, Command.Tlbi(CommandOpcode.TlbiS12VmAll, vmid: 1).Word0);
        Assert.Equal((0x0FC02046UL, 0x0FC01046UL), (Command.Sync().Word0, Command.SyncMsi(0, 0).Word0));
        Assert.Equal(new Command(0x0000002000001044, 0x1234), Command.Resume(0x20, 0x1234, ResumeResponse.Retry));
        Assert.Equal(new Command(0x0000002000002044, 0x1234), Command.Resume(0x20, 0x1234, ResumeResponse.Abort));
        Assert.Equal(new Command(0x4, 31), Command.InvalidateAllConfiguration());
    }

    [Theory]
    [InlineData(CommandOpcode.AtcInvalidate)]
    [InlineData(CommandOpcode.PriResponse)]
    [InlineData(CommandOpcode.Resume)]
    [InlineData(CommandOpcode.TlbiS2Ipa)]
    [InlineData(CommandOpcode.TlbiEl2All)]
    public void A_command_of_what_is_not_implemented_is_illegal(CommandOpcode opcode)
    {
        const uint Stage1Only = 1u << 1 | 2u << 2 | 1u << 24;
        using var smmu = new SmmuV3Bench(new ArmSmmuV3Options { Idr0 = Stage1Only });
        smmu.Send(new Command { Opcode = opcode });
        Assert.Equal((ulong)CommandError.Illegal << 24, smmu.Read(R.CmdqCons));
    }
}
