using Emulator.Hardware.Memory;

namespace Emulator.Actors.Core;

/// <summary>What the DMA of a group may reach that the core holds.</summary>
/// <param name="Group">The group.</param>
/// <param name="Granted">Whose memory; nobody's: none.</param>
/// <param name="Leaving">In the middle of a switch, whose memory it may still reach.</param>
internal readonly record struct CoreGrant(int Group, OwnerTag Granted, OwnerTag Leaving = default);
