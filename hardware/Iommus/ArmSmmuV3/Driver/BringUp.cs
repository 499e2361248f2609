using Emulator.Hardware.Drivers;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>Bring-up: reads what the SMMU is, makes queues and stream table, programs and enables.</summary>
/// <remarks>Source: Linux 6.1 arm-smmu-v3.c, arm_smmu_device_hw_probe, arm_smmu_init_structures, :3339 arm_smmu_device_reset.</remarks>
internal sealed class BringUp(DriverState state, StreamTableEntry unattached)
{
    private const uint Attributes = 0xd75; // CR1: inner shareable, write-back, for tables and queues
    private const uint EventAndErrorInterrupts = 5;
    private const uint PageRequestInterrupt = 2;

    private Control0 _enabled;

    /// <summary>The event queue; null before the probe.</summary>
    public RecordQueue? Events { get; private set; }

    /// <summary>The page request queue; null before the probe and without PRI.</summary>
    public RecordQueue? PageRequests { get; private set; }

    public IEnumerable<DriverStep> Probe()
    {
        var registers = new[] { ArmSmmuV3Registers.Idr0, ArmSmmuV3Registers.Idr1, ArmSmmuV3Registers.Idr3, ArmSmmuV3Registers.Idr5, ArmSmmuV3Registers.Iidr }
            .Select(offset => DriverStep.Read(offset)).ToArray();
        foreach (var read in registers)
            yield return read;
        var features = Features.Decode(registers[0].Value, registers[1].Value, registers[2].Value, registers[3].Value, state.Options);
        if (features == null)
        {
            yield return DriverStep.Fail(Errno.ENXIO);
            yield break;
        }

        state.Adopt(features);
        var commands = new CommandQueue(AllocateQueue(Command.Size, features.CommandQueueLog2), features, state.Options);
        Events = new RecordQueue(AllocateQueue(EventRecord.Size, features.EventQueueLog2), features.EventQueueLog2, EventRecord.Size, ArmSmmuV3Registers.EvtqProd, ArmSmmuV3Registers.EvtqCons);
        if (features.Pri)
            PageRequests = new RecordQueue(AllocateQueue(PageRequestRecord.Size, features.PageRequestQueueLog2), features.PageRequestQueueLog2, PageRequestRecord.Size, ArmSmmuV3Registers.PriqProd, ArmSmmuV3Registers.PriqCons);
        var streams = new StreamTable(state.Frames, features, unattached);
        state.Adopt(commands, streams);
        foreach (var step in streams.Initialise().Concat(Reset(features)))
            yield return step;
    }

    public IEnumerable<DriverStep> Disable()
    {
        _enabled = Control0.None;
        return WriteAndWait(ArmSmmuV3Registers.Cr0, 0, ArmSmmuV3Registers.Cr0Ack);
    }

    private IEnumerable<DriverStep> Reset(Features features)
    {
        var cr0 = DriverStep.Read(ArmSmmuV3Registers.Cr0);
        yield return cr0;
        // Was somebody's before: nothing passes until the new tables are in place.
        var steps = cr0.Value.Bit(0) ? UpdateBypass(abort: true) : [];
        foreach (var step in steps.Concat(Disable()))
            yield return step;
        yield return DriverStep.Write(ArmSmmuV3Registers.Cr1, Attributes);
        var control = Control2.PrivateTlbMaintenance | Control2.RecordInvalidStreamId | (features.E2H ? Control2.E2H : Control2.None);
        yield return DriverStep.Write(ArmSmmuV3Registers.Cr2, (uint)control);
        yield return DriverStep.Write(ArmSmmuV3Registers.StrtabBase, state.Streams.Address | QueueBase.ReadAllocate, 8);
        yield return DriverStep.Write(ArmSmmuV3Registers.StrtabBaseCfg, state.Streams.Shape.Raw);
        yield return DriverStep.Write(ArmSmmuV3Registers.CmdqBase, Base(state.Commands.Address, features.CommandQueueLog2), 8);
        yield return DriverStep.Write(ArmSmmuV3Registers.CmdqProd, 0);
        yield return DriverStep.Write(ArmSmmuV3Registers.CmdqCons, 0);
        foreach (var step in Enable(Control0.CmdqEnable).Concat(InvalidateEverything(features)))
            yield return step;
        yield return DriverStep.Write(ArmSmmuV3Registers.EvtqBase, Base(Events!.Address, features.EventQueueLog2), 8);
        yield return DriverStep.Write(ArmSmmuV3Registers.EvtqProd, 0);
        yield return DriverStep.Write(ArmSmmuV3Registers.EvtqCons, 0);
        foreach (var step in Enable(Control0.EvtqEnable))
            yield return step;
        if (PageRequests != null)
        {
            yield return DriverStep.Write(ArmSmmuV3Registers.PriqBase, Base(PageRequests.Address, features.PageRequestQueueLog2), 8);
            yield return DriverStep.Write(ArmSmmuV3Registers.PriqProd, 0);
            yield return DriverStep.Write(ArmSmmuV3Registers.PriqCons, 0);
            foreach (var step in Enable(Control0.PriqEnable))
                yield return step;
        }

        steps = (features.Ats ? Enable(Control0.AtsCheck) : []).Concat(SetUpInterrupts(features));
        var off = state.Kernel == KernelVersion.Linux61 && !state.Options.FirmwareDescribesStreams && !state.Options.DisableBypass;
        foreach (var step in steps.Concat(off ? UpdateBypass(abort: false) : []).Concat(Enable(off ? Control0.None : Control0.SmmuEnable)))
            yield return step;
    }

    private IEnumerable<DriverStep> InvalidateEverything(Features features)
    {
        var steps = state.Commands.Issue(Command.InvalidateAllConfiguration());
        if (features.Hyp)
            steps = steps.Concat(state.Commands.Issue(Command.Tlbi(CommandOpcode.TlbiEl2All)));
        return steps.Concat(state.Commands.Issue(Command.Tlbi(CommandOpcode.TlbiNsnhAll)));
    }

    // Wired interrupts: the MSI addresses are cleared (arm_smmu_setup_msis).
    private IEnumerable<DriverStep> SetUpInterrupts(Features features)
    {
        foreach (var step in WriteAndWait(ArmSmmuV3Registers.IrqCtrl, 0, ArmSmmuV3Registers.IrqCtrlAck))
            yield return step;
        yield return DriverStep.Write(ArmSmmuV3Registers.GErrorIrqCfg0, 0, 8);
        yield return DriverStep.Write(ArmSmmuV3Registers.EvtqIrqCfg0, 0, 8);
        if (features.Pri)
            yield return DriverStep.Write(ArmSmmuV3Registers.PriqIrqCfg0, 0, 8);
        foreach (var step in WriteAndWait(ArmSmmuV3Registers.IrqCtrl, EventAndErrorInterrupts | (features.Pri ? PageRequestInterrupt : 0), ArmSmmuV3Registers.IrqCtrlAck))
            yield return step;
    }

    private IEnumerable<DriverStep> Enable(Control0 more)
    {
        _enabled |= more;
        return WriteAndWait(ArmSmmuV3Registers.Cr0, (uint)_enabled, ArmSmmuV3Registers.Cr0Ack);
    }

    private IEnumerable<DriverStep> WriteAndWait(ulong offset, uint value, ulong acknowledge)
    {
        yield return DriverStep.Write(offset, value);
        foreach (var step in WaitFor(acknowledge, read => (uint)read == value))
            yield return step;
    }

    private IEnumerable<DriverStep> UpdateBypass(bool abort)
    {
        var bypass = 0UL;
        foreach (var step in WaitFor(ArmSmmuV3Registers.Gbpa, read => ((bypass = read) & GlobalBypass.Update) == 0))
            yield return step;
        bypass = abort ? bypass | GlobalBypass.AbortMask : bypass & ~(ulong)GlobalBypass.AbortMask;
        yield return DriverStep.Write(ArmSmmuV3Registers.Gbpa, bypass | GlobalBypass.Update);
        foreach (var step in WaitFor(ArmSmmuV3Registers.Gbpa, read => (read & GlobalBypass.Update) == 0))
            yield return step;
    }

    private IEnumerable<DriverStep> WaitFor(ulong offset, Func<ulong, bool> done)
    {
        for (var polls = 0; polls < state.Options.PollLimit; polls++)
        {
            var read = DriverStep.Read(offset);
            yield return read;
            if (done(read.Value))
                yield break;
        }

        throw new DriverException(Errno.ETIMEDOUT, $"the SMMU's register 0x{offset:x} does not acknowledge");
    }

    private ulong AllocateQueue(int entrySize, int log2) => state.Frames.Allocate(ContextTable.PageRounded((ulong)entrySize << log2));

    private static ulong Base(ulong address, int log2) => address | QueueBase.ReadAllocate | (uint)log2;
}
