using Emulator.Hardware.Memory;

namespace Emulator.Actors.Ownership;

/// <summary>A group has entered a state. Sent in line with completed DMA to the isolation check, and published to the actor system's event stream.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="Group">The group.</param>
/// <param name="State">The state that it has entered.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Granted">The tenant whose memory its DMA may reach: Blocking, the one that it leaves; Blocked, nobody; Attaching and Attached, the one that it
/// joins; Core, see <see cref="OwnershipState.Core"/>.</param>
/// <param name="Leaving">Core, in the middle of a switch: whose memory its DMA may still reach.</param>
/// <param name="At">When, as a time stamp of the host's clock.</param>
public sealed record OwnershipChanged(string Host, int Group, OwnershipState State, Epoch Epoch, OwnerTag Granted, OwnerTag Leaving = default, long At = 0);
