namespace Emulator.Cli.Run.Fio;

/// <summary>What an fio job does with the drive.</summary>
internal enum FioDirection
{
    /// <summary>It reads: the drive writes to memory.</summary>
    Read,

    /// <summary>It writes: the drive reads memory.</summary>
    Write,

    /// <summary>It does both.</summary>
    Both,
}
