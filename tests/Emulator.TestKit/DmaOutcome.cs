using Emulator.Actors.Ownership;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;

namespace Emulator.TestKit;

/// <summary>How one DMA of a device ended.</summary>
/// <param name="Device">The device.</param>
/// <param name="Request">What was on the bus.</param>
/// <param name="Completion">The answer.</param>
/// <param name="FrameOwner">Who owns the memory that it reached; nobody when it reached none.</param>
/// <param name="State">The state of the device's group when the silicon answered.</param>
/// <param name="Epoch">The group's epoch then.</param>
/// <param name="IsLost">Whether there was no answer: the device is gone, or an actor crashed over it.</param>
public sealed record DmaOutcome(TestDevice Device, DmaRequest Request, DmaCompletion Completion, OwnerTag FrameOwner, OwnershipState State, Epoch Epoch, bool IsLost)
{
    /// <summary>Whether it reached memory; a protect buffer is none.</summary>
    public bool IsCompleted => !IsLost && Completion.Status == DmaStatus.Completed && FrameOwner != OwnerTag.ProtectBuffer;

    /// <summary>Whether it was refused, or led to a protect buffer.</summary>
    public bool IsBlocked => !IsLost && !IsCompleted && Completion.Status != DmaStatus.Stalled;

    /// <summary>Whether it landed at the address that it was sent to.</summary>
    public bool IsIdentity => IsCompleted && Completion.Address.Value == Request.Iova.Value;

    /// <summary>The DMA in a few words.</summary>
    internal string Description => $"the {(Request.IsWrite ? "write" : "read")} of {Request.Length} bytes at {Request.Iova} by {Device}";

    /// <summary>What became of it in a few words.</summary>
    /// <param name="nameOf">Names an owner.</param>
    internal string Ending(Func<OwnerTag, string> nameOf)
    {
        var ending = this switch
        {
            { IsLost: true } => "was lost",
            { IsIdentity: true } => $"passed untranslated into {nameOf(FrameOwner)}",
            { IsCompleted: true } => $"reached {Completion.Address}, {nameOf(FrameOwner)}",
            { Completion.Status: DmaStatus.Stalled } => "is held by the IOMMU",
            _ => "was blocked",
        };
        return $"{ending} (group {Device.Group} {State}, {Epoch})";
    }
}
