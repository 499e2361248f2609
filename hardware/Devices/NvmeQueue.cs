namespace Emulator.Hardware.Devices;

/// <summary>What one queue pair of an NVMe drive has to do: as many I/Os in flight as it is deep, and a new one for each that is done.</summary>
public sealed record NvmeQueue
{
    /// <summary>I/Os in all, at least 0; <see cref="long.MaxValue"/> for as many as <see cref="Runtime"/> allows.</summary>
    public long Ios { get; init; } = 10_000;

    /// <summary>Bytes of an I/O: a multiple of 512, 512 bytes to 2 MiB.</summary>
    public int BlockSize { get; init; } = 4096;

    /// <summary>I/Os in flight, 1 to 1024.</summary>
    public int Depth { get; init; } = 32;

    /// <summary>The part of the I/Os that read the drive - and write to memory - 0 to 1.</summary>
    public double ReadShare { get; init; } = 0.5;

    /// <summary>No I/O begins later than this, in nanoseconds of virtual time since the beginning of its stage; null: all of <see cref="Ios"/> are done.</summary>
    public double? Runtime { get; init; }

    /// <summary>Its stage, at least 0: it begins once every queue of an earlier stage is done.</summary>
    public int Stage { get; init; }

    /// <summary>Bytes of a submission entry, 64 in the NVMe Base Specification.</summary>
    internal const int SubmissionBytes = 64;

    /// <summary>Bytes of a completion entry, 16 there.</summary>
    internal const int CompletionBytes = 16;

    /// <summary>Pages that its rings, PRP lists and buffers take.</summary>
    /// <param name="pageSize">Bytes of a page.</param>
    internal ulong Pages(ulong pageSize) =>
        ((ulong)Depth * (DeviceProgram.PagesOf(BlockSize, pageSize) + 1)) + DeviceProgram.PagesOf(Depth * SubmissionBytes, pageSize) + DeviceProgram.PagesOf(Depth * CompletionBytes, pageSize);

    /// <summary>Checks the limits.</summary>
    /// <exception cref="ArgumentException">A value is outside its limits; the message names it.</exception>
    public void Validate()
    {
        DeviceProgram.Check("I/Os", Ios, 0, long.MaxValue);
        DeviceProgram.Check("block size", BlockSize, 512, 2 << 20);
        if (BlockSize % 512 != 0)
            throw new ArgumentException($"block size {BlockSize} is no multiple of 512");
        DeviceProgram.Check("depth", Depth, 1, 1024);
        DeviceProgram.Check("stage", Stage, 0, int.MaxValue);
        if (!(ReadShare is >= 0 and <= 1))
            throw new ArgumentException($"read share {ReadShare} is outside 0 to 1");
        DeviceProgram.CheckTime("runtime", Runtime ?? 0, 1e12);
        if (Ios == long.MaxValue && Runtime == null)
            throw new ArgumentException("a queue has neither a number of I/Os nor a runtime");
    }
}
