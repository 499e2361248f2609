using Emulator.Hardware.Devices;

namespace Emulator.Cli.Run.Fio;

/// <summary>A section of a job file, with fio's defaults for what it does not say. <c>docs/WORKLOADS.md</c> lists the options.</summary>
internal sealed record FioSection
{
    private const int SmallestBlock = 512;
    private const int LargestBlock = 2 << 20;

    // What these say makes no difference to a drive that is written and read directly, or only to a report.
    private static readonly string[] Ignored =
    [
        "description", "directory", "direct", "filename", "group_reporting", "invalidate", "ioengine", "name", "new_group", "norandommap", "randrepeat", "refill_buffers", "thread",
    ];

    /// <summary>Whether it only reads, only writes, or both.</summary>
    public FioDirection Direction { get; init; } = FioDirection.Read;

    /// <summary>Of 100 I/Os that both reads and writes are among, those that read.</summary>
    public int ReadPercent { get; init; } = 50;

    /// <summary>Bytes of a read.</summary>
    public int ReadSize { get; init; } = 4096;

    /// <summary>Bytes of a write.</summary>
    public int WriteSize { get; init; } = 4096;

    /// <summary>I/Os in flight.</summary>
    public int Depth { get; init; } = 1;

    /// <summary>Jobs that do the same at the same time.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>Bytes that each job moves; null when only the time ends it.</summary>
    public long? Size { get; init; }

    /// <summary>How long it goes on, in nanoseconds; 0 when only the size ends it.</summary>
    public double Runtime { get; init; }

    /// <summary>Whether it goes on for all of <see cref="Runtime"/>, whatever its size.</summary>
    public bool IsTimeBased { get; init; }

    /// <summary>Whether it begins when all sections before it are done.</summary>
    public bool Stonewall { get; init; }

    /// <summary>This section with one option more.</summary>
    /// <exception cref="BadInputException">There is no such option here, or its value is wrong.</exception>
    public FioSection With(FioOption option) => option.Name switch
    {
        "rw" or "readwrite" => this with { Direction = DirectionOf(option) },
        "bs" or "blocksize" => WithBlockSize(option),
        "iodepth" => this with { Depth = option.Number(1, 1024) },
        "numjobs" => this with { Jobs = option.Number(1, NvmeDrive.MaxQueues) },
        "size" => this with { Size = option.Bytes(option.Value) },
        "rwmixread" => this with { ReadPercent = option.Number(0, 100) },
        "rwmixwrite" => this with { ReadPercent = 100 - option.Number(0, 100) },
        "runtime" => this with { Runtime = option.Nanoseconds() },
        "time_based" => this with { IsTimeBased = option.Flag() },
        "stonewall" or "wait_for_previous" => this with { Stonewall = option.Flag() },
        _ when Ignored.Contains(option.Name, StringComparer.Ordinal) => this,
        _ => throw option.Refuse("this option of fio has no meaning here; docs/WORKLOADS.md lists those that have"),
    };

    /// <summary>What a queue pair has to do for each of its jobs.</summary>
    /// <param name="header">Where the section begins, for messages.</param>
    /// <param name="stage">The stage that it is in.</param>
    /// <exception cref="BadInputException">Its options do not fit together.</exception>
    public NvmeQueue ToQueue(FioOption header, int stage)
    {
        if (Direction == FioDirection.Both && ReadSize != WriteSize)
            throw header.Refuse($"reads of {ReadSize} and writes of {WriteSize} bytes in one job are not modelled: give bs one size");
        if (Runtime == 0 && (Size == null || IsTimeBased))
            throw header.Refuse(IsTimeBased ? "time_based needs a runtime" : "there is neither a size nor a runtime to end it");
        var blockSize = Direction == FioDirection.Write ? WriteSize : ReadSize;
        if (Size < blockSize)
            throw header.Refuse($"a size of {Size} bytes is less than one block of {blockSize}");
        return new NvmeQueue
        {
            Ios = IsTimeBased ? long.MaxValue : Size / blockSize ?? long.MaxValue,
            BlockSize = blockSize,
            Depth = Depth,
            ReadShare = Direction switch { FioDirection.Read => 1, FioDirection.Write => 0, _ => ReadPercent / 100.0 },
            Runtime = Runtime > 0 ? Runtime : null,
            Stage = stage,
        };
    }

    private static FioDirection DirectionOf(FioOption option) => option.Value switch
    {
        "read" or "randread" => FioDirection.Read,
        "write" or "randwrite" => FioDirection.Write,
        "rw" or "readwrite" or "randrw" => FioDirection.Both,
        _ => throw option.Refuse($"'{option.Value}' is not one of read, write, rw, readwrite, randread, randwrite, randrw"),
    };

    // Reads, writes, trims: one size is everybody's, and what is left empty stays as it was.
    private FioSection WithBlockSize(FioOption option)
    {
        var parts = option.Value.Split(',');
        if (parts.Length > 3)
            throw option.Refuse($"'{option.Value}' has more than three sizes");
        var read = parts[0].Length > 0 ? BlockOf(option, parts[0]) : ReadSize;
        return this with { ReadSize = read, WriteSize = parts.Length == 1 ? read : parts[1].Length > 0 ? BlockOf(option, parts[1]) : WriteSize };
    }

    private static int BlockOf(FioOption option, string text) => option.Bytes(text) is var bytes and >= SmallestBlock and <= LargestBlock && bytes % SmallestBlock == 0
        ? (int)bytes
        : throw option.Refuse($"{text} is no multiple of {SmallestBlock} bytes up to 2m");
}
