namespace Emulator.Hardware.Core.Iommufd;

/// <summary>Page requests that are answered together.</summary>
/// <param name="Device">The device that asked.</param>
/// <param name="Handle">The attachment under which it asked.</param>
/// <param name="Requests">The requests; the last one is the one that closed the group.</param>
internal sealed record PageRequestGroup(IommufdDevice Device, FaultHandle Handle, IReadOnlyList<PageRequest> Requests);
