using Emulator.Actors.Devices;
using Emulator.Cli.Run.Fio;
using Emulator.Hardware.Devices;
using Emulator.Hardware.DmaApi;

namespace Emulator.Cli.Run;

/// <summary>Reads what devices do. <c>docs/WORKLOADS.md</c> documents every field of every kind.</summary>
internal static class WorkloadReader
{
    private const long MostOperations = 1_000_000_000_000;

    /// <summary>Reads a workload.</summary>
    /// <param name="fields">The fields.</param>
    /// <param name="was">What absent fields stand for.</param>
    /// <param name="file">The scenario file: other files are named from its folder.</param>
    public static Workload Read(YamlFields fields, Workload was, string file)
    {
        var kind = fields.Text("kind");
        var program = kind switch
        {
            null => was.Program,
            "random" or "sequential" => null,
            _ => was.Program?.Kind == kind ? was.Program : Default(fields, kind),
        };
        var workload = program == null ? ReadAccesses(fields, was, kind) : was with { Program = ReadProgram(fields, program, file), DmaMode = ReadMode(fields, was.DmaMode) };
        fields.RefuseOthers();
        Check(fields, workload);
        return workload;
    }

    private static DeviceProgram Default(YamlFields fields, string kind) => kind switch
    {
        "ring" => new RingProgram(),
        "nvme" => new NvmeProgram(),
        "fio" => new FioProgram([]),
        "gpu-copy" => new GpuCopyProgram(),
        "collective" => new CollectiveProgram(),
        _ => throw fields.Refuse("kind", $"'{kind}' is not one of random, sequential, ring, nvme, fio, gpu-copy, collective, replay"),
    };

    private static Workload ReadAccesses(YamlFields fields, Workload was, string? kind)
    {
        var pattern = kind == "sequential" ? AccessPattern.Sequential : kind == "random" ? AccessPattern.Random : was.Pattern;
        return was with
        {
            Program = null,
            TotalDmas = fields.Number("dmas", 0L, MostOperations) ?? was.TotalDmas,
            Pattern = fields.Word("pattern", pattern, ("random", AccessPattern.Random), ("sequential", AccessPattern.Sequential)),
            ReadShare = fields.Share("readShare") ?? was.ReadShare,
            Length = fields.Number("length", 1, 4096) ?? was.Length,
            BatchSize = fields.Number("batchSize", 1, DmaBatch.Capacity) ?? was.BatchSize,
            Credits = fields.Number("credits", 1, 64) ?? was.Credits,
        };
    }

    private static int Bytes(YamlFields fields, string field, int was) => fields.Size(field) switch
    {
        null => was,
        <= int.MaxValue and var size => (int)size,
        var size => throw fields.Refuse(field, $"{size} bytes are more than {int.MaxValue}"),
    };

    /// <summary>Reads how the DMA API undoes mappings.</summary>
    public static DmaMode ReadMode(YamlFields fields, DmaMode was) =>
        fields.Word("dma", was, ("strict", DmaMode.Strict), ("lazy", DmaMode.Lazy), ("passthrough", DmaMode.PassThrough));

    private static DeviceProgram ReadProgram(YamlFields fields, DeviceProgram was, string file)
    {
        DeviceProgram program = was switch
        {
            RingProgram ring => ring with
            {
                Received = fields.Number("received", 0L, MostOperations) ?? ring.Received,
                Sent = fields.Number("sent", 0L, MostOperations) ?? ring.Sent,
                PacketSize = fields.Number("packetSize", 64, 4096) ?? ring.PacketSize,
                RingSize = fields.Number("ringSize", 8, 4096) ?? ring.RingSize,
                UsesPagePool = fields.Word("buffers", ring.UsesPagePool, ("per-packet", false), ("page-pool", true)),
                WireRate = fields.Real("wireGbps", 0.001, 10_000) ?? ring.WireRate,
                CpuPerPacket = fields.Nanoseconds("cpuPerPacket") ?? ring.CpuPerPacket,
                InterruptDelay = fields.Nanoseconds("interruptDelay") ?? ring.InterruptDelay,
            },
            NvmeDrive drive => ReadDrive(fields, drive, file),
            GpuCopyProgram gpu => gpu with
            {
                Copies = fields.Number("copies", 1L, MostOperations) ?? gpu.Copies,
                CopySize = Bytes(fields, "copySize", gpu.CopySize),
                ToDevice = fields.Word("direction", gpu.ToDevice, ("to-device", true), ("from-device", false), ("both", true)),
                FromDevice = fields.Word("direction", gpu.FromDevice, ("to-device", false), ("from-device", true), ("both", true)),
                MapsEachCopy = fields.Word("buffers", gpu.MapsEachCopy, ("pinned", false), ("per-copy", true)),
                CpuPerCopy = fields.Nanoseconds("cpuPerCopy") ?? gpu.CpuPerCopy,
            },
            CollectiveProgram collective => collective with
            {
                Algorithm = fields.Word("algorithm", collective.Algorithm, ("all-reduce", CollectiveAlgorithm.AllReduce), ("all-to-all", CollectiveAlgorithm.AllToAll)),
                DataSize = Bytes(fields, "dataSize", collective.DataSize),
                Iterations = fields.Number("iterations", 1, 1_000_000) ?? collective.Iterations,
                LinkLatency = fields.Nanoseconds("linkLatency") ?? collective.LinkLatency,
                LinkRate = fields.Real("linkBytesPerNs", 0.001, 1e6) ?? collective.LinkRate,
            },
            _ => was,
        };
        return program with { RequestSize = fields.Number("requestSize", 64, 4096) ?? program.RequestSize };
    }

    private static NvmeDrive ReadDrive(YamlFields fields, NvmeDrive was, string file)
    {
        NvmeDrive drive = was switch
        {
            NvmeProgram nvme => nvme with
            {
                Ios = fields.Number("ios", 1L, MostOperations) ?? nvme.Ios,
                BlockSize = Bytes(fields, "blockSize", nvme.BlockSize),
                Depth = fields.Number("depth", 1, 1024) ?? nvme.Depth,
                Queues = fields.Number("queues", 1, NvmeDrive.MaxQueues) ?? nvme.Queues,
                ReadShare = fields.Share("readShare") ?? nvme.ReadShare,
                Runtime = fields.Nanoseconds("runtime") ?? nvme.Runtime,
            },
            FioProgram fio => fio with { Jobs = ReadJobs(fields, fio.Jobs, file) },
            _ => was,
        };
        return drive with
        {
            MediaRead = fields.Nanoseconds("mediaRead") ?? drive.MediaRead,
            MediaWrite = fields.Nanoseconds("mediaWrite") ?? drive.MediaWrite,
            Channels = fields.Number("channels", 1, 1024) ?? drive.Channels,
            CpuPerIo = fields.Nanoseconds("cpuPerIo") ?? drive.CpuPerIo,
            InterruptDelay = fields.Nanoseconds("interruptDelay") ?? drive.InterruptDelay,
        };
    }

    private static IReadOnlyList<NvmeQueue> ReadJobs(YamlFields fields, IReadOnlyList<NvmeQueue> was, string file)
    {
        if (fields.Text("job") is { } job)
            return FioJobFile.ReadFile(Path.Combine(Path.GetDirectoryName(file) ?? "", job));
        return was.Count > 0 ? was : throw fields.Refuse("job", "is missing: the fio job file");
    }

    private static void Check(YamlFields fields, Workload workload)
    {
        if (!int.IsPow2(workload.Length))
            throw fields.Refuse("length", $"{workload.Length} is not a power of two");
        try
        {
            workload.Validate();
        }
        catch (ArgumentException e)
        {
            throw fields.Refuse("kind", e.Message);
        }
    }
}
