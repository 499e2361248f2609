using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Isolation;

/// <summary>A DMA that landed where its device had no right to read or write.</summary>
/// <param name="Kind">How; exactly one.</param>
/// <param name="Device">The device's number in its host.</param>
/// <param name="Group">Its group.</param>
/// <param name="Stream">The stream that the DMA carried.</param>
/// <param name="Iova">The address that it was sent to.</param>
/// <param name="Access">Its direction.</param>
/// <param name="Landed">Where it landed.</param>
/// <param name="FrameOwner">Who owns that frame.</param>
/// <param name="Granted">The tenant whose memory the group might reach; nobody while blocked.</param>
/// <param name="State">The group's state.</param>
/// <param name="Epoch">The group's epoch.</param>
/// <param name="SentUnder">The epoch that the device knew when it sent the DMA.</param>
public sealed record IsolationViolation(
    ViolationKinds Kind,
    int Device,
    int Group,
    StreamId Stream,
    Iova Iova,
    DmaAccess Access,
    PhysicalAddress Landed,
    OwnerTag FrameOwner,
    OwnerTag Granted,
    OwnershipState State,
    Epoch Epoch,
    Epoch SentUnder)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"device {Device} (stream {Stream}) {(Access == DmaAccess.Write ? "write to" : "read of")} {Iova} landed at {Landed} of {EmulatedHost.NameOf(FrameOwner)} while group {Group}, {State} in {Epoch}, "
        + $"was granted {(Granted == OwnerTag.None ? "nothing" : $"the memory of {EmulatedHost.NameOf(Granted)}")}";
}
