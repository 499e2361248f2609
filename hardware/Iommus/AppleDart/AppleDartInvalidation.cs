using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>The driver's TLB invalidation: always whole streams.</summary>
internal sealed class AppleDartInvalidation(KernelVersion kernel, AppleDartHardware hardware, int busyReads)
{
    /// <summary>Invalidates the streams of a map.</summary>
    /// <param name="map">The streams.</param>
    /// <param name="streams">Streams that the DART has.</param>
    public IEnumerable<DriverStep> Of(AppleDartStreamMap map, int streams) => hardware.Layout == AppleDartLayout.T8110 ? Each(map) : Together(map, streams);

    // apple_dart_hw_stream_command (:267). 6.1 writes the first 32 streams only (:280).
    private IEnumerable<DriverStep> Together(AppleDartStreamMap map, int streams)
    {
        var words = kernel == KernelVersion.Linux61 ? 1 : AppleDartStreamMap.Words(streams);
        for (var word = 0; word < words; word++)
            yield return DriverStep.Write(AppleDartRegisters.StreamSelect + (4 * (ulong)word), map.Word(word), unit: map.Unit);
        yield return DriverStep.Write(AppleDartRegisters.StreamCommand, AppleDartRegisters.StreamCommandInvalidate, unit: map.Unit);
        foreach (var step in WaitWhile(AppleDartRegisters.StreamCommand, AppleDartRegisters.StreamCommandBusy, map.Unit))
            yield return step;
    }

    // apple_dart_t8110_hw_tlb_command (6.12): after a stream whose command stays busy, the rest is not flushed.
    private IEnumerable<DriverStep> Each(AppleDartStreamMap map)
    {
        foreach (var stream in map.Streams)
        {
            yield return DriverStep.Write(AppleDartRegisters.TlbCommand, AppleDartRegisters.FlushStream((uint)stream), unit: map.Unit);
            var status = 0UL;
            foreach (var step in WaitWhile(AppleDartRegisters.TlbCommand, AppleDartRegisters.TlbCommandBusy, map.Unit))
            {
                yield return step;
                status = step.Value;
            }

            if ((status & AppleDartRegisters.TlbCommandBusy) != 0)
                yield break;
        }
    }

    /// <summary>Whether the last step of an invalidation found its command still busy: -ETIMEDOUT, which fails a reset and nobody else looks at.</summary>
    public bool IsStuck(DriverStep last) => last.Kind == DriverStepKind.ReadRegister
        && (last.Value & (hardware.Layout == AppleDartLayout.T8110 ? AppleDartRegisters.TlbCommandBusy : AppleDartRegisters.StreamCommandBusy)) != 0;

    private IEnumerable<DriverStep> WaitWhile(ulong offset, uint busy, int unit)
    {
        for (var i = 0; i < busyReads; i++)
        {
            var status = DriverStep.Read(offset, unit: unit);
            yield return status;
            if ((status.Value & busy) == 0)
                yield break;
        }
    }
}
