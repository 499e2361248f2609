using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>The interrupt handlers: global errors, events, page requests.</summary>
/// <remarks>Source: Linux 6.1 arm-smmu-v3.c:1585 arm_smmu_evtq_thread, arm_smmu_handle_evt, arm_smmu_priq_thread, arm_smmu_gerror_handler; 6.12 handles
/// stalled events only and logs the others, which shows on no register.</remarks>
internal sealed class FaultHandlers(DriverState state, BringUp bringUp)
{
    private const ulong Errors = 0x1fd;

    /// <summary>Answers a stalled request; null: nobody does, it is aborted.</summary>
    public Func<DmaDevice, EventRecord, ResumeResponse>? StallHandler { get; set; }

    public IEnumerable<DriverStep> GlobalErrors()
    {
        var error = DriverStep.Read(ArmSmmuV3Registers.GError);
        yield return error;
        var acknowledged = DriverStep.Read(ArmSmmuV3Registers.GErrorN);
        yield return acknowledged;
        var active = (GlobalErrors)((error.Value ^ acknowledged.Value) & Errors);
        if (active == ArmSmmuV3.GlobalErrors.None)
            yield break;
        var steps = (active & ArmSmmuV3.GlobalErrors.ServiceFailure) != 0 ? bringUp.Disable() : [];
        if ((active & ArmSmmuV3.GlobalErrors.CommandQueue) != 0)
            steps = steps.Concat(state.Commands.SkipError());
        foreach (var step in steps)
            yield return step;
        yield return DriverStep.Write(ArmSmmuV3Registers.GErrorN, error.Value);
    }

    public IEnumerable<DriverStep> Events() => bringUp.Events?.Drain(words => Handle(new EventRecord(words[0], words[1], words[2], words[3]))) ?? [];

    public IEnumerable<DriverStep> PageRequests() => bringUp.PageRequests?.Drain(words => Handle(new PageRequestRecord(words[0], words[1]))) ?? [];

    // A RESUME needs no CMD_SYNC: its consumption is its effect.
    private IEnumerable<DriverStep> Handle(EventRecord record)
    {
        if (!record.Stall || record.Stage2 || record.Code is not (EventCode.Translation or EventCode.AddressSize or EventCode.AccessFlag or EventCode.Permission)
            || !state.MastersByStream.TryGetValue(record.StreamId, out var master) || !master.Stalls)
        {
            return [];
        }

        var response = StallHandler?.Invoke(master.Device, record) ?? ResumeResponse.Abort;
        return state.Commands.Issue(Command.Resume(master.Streams[0], record.StallTag, response), sync: false);
    }

    // Nobody handles page requests: the last one of a group is answered with a denial.
    private IEnumerable<DriverStep> Handle(PageRequestRecord record) => !record.Last ? [] : state.Commands.Issue(
        new Command
        {
            Opcode = CommandOpcode.PriResponse,
            StreamId = record.StreamId,
            SubstreamValid = record.SubstreamValid,
            SubstreamId = record.SubstreamValid ? record.SubstreamId : 0,
            PageRequestGroup = record.Group,
            PriResponse = PriResponse.Deny,
        },
        sync: false);
}
