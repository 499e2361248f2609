using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>The interrupt thread: acknowledges, reads and clears the events, restarts a log that ran over.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/amd/iommu.c:851, amd_iommu_int_thread, iommu_poll_events, amd_iommu_restart_event_logging; 6.12 amd_iommu_restart_log.</remarks>
internal sealed class AmdViInterruptHandler(ulong eventLog, KernelVersion kernel)
{
    private const ulong LogSize = 512 * AmdViRegisters.RecordSize;

    private const AmdViStatus Handled =
        AmdViStatus.EventOverflow | AmdViStatus.EventInterrupt | AmdViStatus.PprInterrupt | AmdViStatus.GaOverflow | AmdViStatus.GaInterrupt;

    public IEnumerable<DriverStep> Run()
    {
        while (true)
        {
            // Read back after each round: erratum ERBT1312.
            var read = DriverStep.Read(AmdViRegisters.Status);
            yield return read;
            var status = (AmdViStatus)read.Value;
            if ((status & Handled) == 0)
                yield break;
            yield return DriverStep.Write(AmdViRegisters.Status, (ulong)Handled);
            if ((status & AmdViStatus.EventInterrupt) != 0)
            {
                foreach (var step in PollEvents())
                    yield return step;
            }

            if ((status & AmdViStatus.EventOverflow) == 0)
                continue;
            foreach (var step in RestartLog())
                yield return step;
        }
    }

    private IEnumerable<DriverStep> PollEvents()
    {
        var head = DriverStep.Read(AmdViRegisters.EventHead);
        yield return head;
        var tail = DriverStep.Read(AmdViRegisters.EventTail);
        yield return tail;
        for (var offset = head.Value; offset != tail.Value;)
        {
            yield return DriverStep.Load(eventLog + offset, "event");
            yield return DriverStep.Load(eventLog + offset + 8, "event address");
            yield return DriverStep.Store(eventLog + offset, 0, "event");
            yield return DriverStep.Store(eventLog + offset + 8, 0, "event address");
            offset = (offset + AmdViRegisters.RecordSize) % LogSize;
            yield return DriverStep.Write(AmdViRegisters.EventHead, offset);
        }
    }

    private IEnumerable<DriverStep> RestartLog()
    {
        if (kernel == KernelVersion.Linux61)
            return AmdViBoot.Disable(AmdViControl.EventLog).Concat(AmdViBoot.Enable(AmdViControl.EventLog));
        return RestartStoppedLog();
    }

    private static IEnumerable<DriverStep> RestartStoppedLog()
    {
        var status = DriverStep.Read(AmdViRegisters.Status);
        yield return status;
        if (((AmdViStatus)status.Value & AmdViStatus.EventLogRunning) != 0)
            yield break;
        foreach (var step in AmdViBoot.Disable(AmdViControl.EventLog).Concat(AmdViBoot.Disable(AmdViControl.EventInterrupt)))
            yield return step;
        yield return DriverStep.Write(AmdViRegisters.Status, (ulong)AmdViStatus.EventOverflow);
        foreach (var step in AmdViBoot.Enable(AmdViControl.EventInterrupt).Concat(AmdViBoot.Enable(AmdViControl.EventLog)))
            yield return step;
    }
}
