using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Replay.Host;

/// <summary>A map or unmap call of the driver that a kprobe saw beginning and no tracepoint saw ending yet.</summary>
/// <param name="IsMap">Map or unmap.</param>
/// <param name="Iova">First address.</param>
/// <param name="Domain">The domain's address in the traced kernel.</param>
/// <param name="Protection">What a mapping allows.</param>
public readonly record struct DriverCall(bool IsMap, ulong Iova, ulong Domain, Protection Protection);
