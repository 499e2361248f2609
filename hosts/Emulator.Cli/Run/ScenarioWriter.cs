using System.Text;
using System.Text.Json;
using Emulator.Actors.Devices;
using Emulator.Actors.Programming;
using Emulator.Cli.Run.Timed;
using Emulator.Cli.Survey;
using Emulator.Hardware.Devices;
using Emulator.Hardware.Timing;
using Emulator.Hardware.Translation;
using static Emulator.Cli.Run.RunText;

namespace Emulator.Cli.Run;

/// <summary>Writes a scenario as a file that <see cref="ScenarioReader"/> reads the same scenario from: every host with all its values, defaults included.</summary>
public static class ScenarioWriter
{
    /// <summary>Writes it.</summary>
    public static string Write(Scenario scenario)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        var text = new StringBuilder($"name: {JsonSerializer.Serialize(scenario.Name)}\nseed: {scenario.Hosts[0].Specification.Workload.Seed}\nhosts:\n");
        foreach (var host in scenario.Hosts)
            text.Append($"  - name: {host.Specification.Name}\n{WriteWithoutName(host)}");
        return text.ToString();
    }

    /// <summary>Writes all values of a host but its name and its seed.</summary>
    internal static string WriteWithoutName(ScenarioHost host) => string.Concat(Fields(host).Select(field => $"    {field.Field}: {field.Value}\n"));

    private static IEnumerable<(string Field, string Value)> Fields(ScenarioHost host)
    {
        var specification = host.Specification;
        yield return ("iommu", specification.Room.Name);
        yield return ("variant", specification.Variant ?? specification.Room.Variants[0]);
        yield return ("kernel", SurveyText.Of(specification.Kernel));
        yield return ("strategy", specification.Strategy.ToString().ToLowerInvariant());
        yield return ("pacing", specification.Pacing == DriverPacing.Whole ? "whole" : "step-by-step");
        yield return ("iotlb", Mapping(Fields(specification.Iotlb)));
        yield return ("devices", $"{specification.Devices}");
        yield return ("devicesPerGroup", $"{specification.GroupSize}");
        yield return ("tenants", $"{specification.Tenants}");
        yield return ("reassignments", $"{host.Reassignments}");
        yield return ("bufferSize", $"{specification.BufferSize}");
        yield return ("toleratedExposure", $"{(long)specification.ToleratedExposure.TotalMicroseconds}us");
        yield return ("time", specification.Timing == null ? "none" : "virtual");
        if (specification.Timing is { } timing)
            yield return ("timing", Mapping([("iommu", Mapping(TimingParameters.Of(timing.Iommu))), ("device", Mapping(TimingParameters.Of(timing.Device)))]));
        yield return ("workload", Mapping(Fields(specification.Workload)));
    }

    private static IEnumerable<(string Field, string Value)> Fields(IotlbGeometry iotlb) =>
        [("sets", $"{iotlb.Sets}"), ("ways", $"{iotlb.Ways}"), ("limit", iotlb.Unbounded ? "none" : iotlb.Disabled ? "nothing-kept" : "sets")];

    private static IEnumerable<(string Field, string Value)> Fields(Workload workload)
    {
        if (workload.Program is not { } program)
        {
            return
            [
                ("kind", workload.Pattern == AccessPattern.Random ? "random" : "sequential"),
                ("dmas", $"{workload.TotalDmas}"),
                ("readShare", Exact(workload.ReadShare)),
                ("length", $"{workload.Length}"),
                ("batchSize", $"{workload.BatchSize}"),
                ("credits", $"{workload.Credits}"),
            ];
        }

        return [("kind", program.Kind), ("dma", ProgramFigures.NameOf(workload.DmaMode)), ("requestSize", $"{program.RequestSize}"), .. Fields(program)];
    }

    private static IEnumerable<(string Field, string Value)> Fields(DeviceProgram program) => program switch
    {
        RingProgram ring =>
        [
            ("received", $"{ring.Received}"),
            ("sent", $"{ring.Sent}"),
            ("packetSize", $"{ring.PacketSize}"),
            ("ringSize", $"{ring.RingSize}"),
            ("buffers", ring.UsesPagePool ? "page-pool" : "per-packet"),
            ("wireGbps", Exact(ring.WireRate)),
            ("cpuPerPacket", Nanoseconds(ring.CpuPerPacket)),
            ("interruptDelay", Nanoseconds(ring.InterruptDelay)),
        ],
        NvmeProgram nvme =>
        [
            ("ios", $"{nvme.Ios}"),
            ("blockSize", $"{nvme.BlockSize}"),
            ("depth", $"{nvme.Depth}"),
            ("queues", $"{nvme.Queues}"),
            ("readShare", Exact(nvme.ReadShare)),
            .. nvme.Runtime is { } runtime ? [("runtime", Nanoseconds(runtime))] : Array.Empty<(string, string)>(),
            ("mediaRead", Nanoseconds(nvme.MediaRead)),
            ("mediaWrite", Nanoseconds(nvme.MediaWrite)),
            ("channels", $"{nvme.Channels}"),
            ("cpuPerIo", Nanoseconds(nvme.CpuPerIo)),
            ("interruptDelay", Nanoseconds(nvme.InterruptDelay)),
        ],
        GpuCopyProgram gpu =>
        [
            ("copies", $"{gpu.Copies}"),
            ("copySize", $"{gpu.CopySize}"),
            ("direction", gpu is { ToDevice: true, FromDevice: true } ? "both" : gpu.ToDevice ? "to-device" : "from-device"),
            ("buffers", gpu.MapsEachCopy ? "per-copy" : "pinned"),
            ("cpuPerCopy", Nanoseconds(gpu.CpuPerCopy)),
        ],
        CollectiveProgram collective =>
        [
            ("algorithm", collective.Algorithm == CollectiveAlgorithm.AllReduce ? "all-reduce" : "all-to-all"),
            ("dataSize", $"{collective.DataSize}"),
            ("iterations", $"{collective.Iterations}"),
            ("linkLatency", Nanoseconds(collective.LinkLatency)),
            ("linkBytesPerNs", Exact(collective.LinkRate)),
        ],
        ReplayProgram replay => [("trace", JsonSerializer.Serialize(replay.Source)), ("pace", replay.KeepsPace ? "recorded" : "back-to-back"), ("loops", $"{replay.Loops}")],
        // What is read from files of another kind is told by its values.
        _ => [("program", JsonSerializer.Serialize(program, program.GetType()))],
    };

    private static string Nanoseconds(double value) => $"{Exact(value)}ns";

    private static string Mapping(IEnumerable<TimingParameter> parameters) =>
        Mapping(parameters.Where(parameter => parameter.Value != null).Select(parameter => (parameter.Name, Exact(parameter.Value!.Value))));

    private static string Mapping(IEnumerable<(string Field, string Value)> fields) =>
        $"{{ {string.Join(", ", fields.Select(field => $"{field.Field}: {field.Value}"))} }}";
}
