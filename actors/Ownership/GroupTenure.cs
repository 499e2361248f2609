using Emulator.Hardware.Memory;

namespace Emulator.Actors.Ownership;

/// <summary>A group's state at the silicon. One writer, the translation actor; kept beside the silicon, so that epochs survive the actor's crash.</summary>
internal struct GroupTenure
{
    public OwnershipState State;

    public Epoch Epoch;

    /// <summary>The tenant whose memory the group's DMA may reach.</summary>
    public OwnerTag Granted;

    /// <summary>In the middle of a switch by the core, whose memory it may still reach.</summary>
    public OwnerTag Leaving;

    /// <summary>The blocking steps of this epoch are done.</summary>
    public bool BlockingDone;

    /// <summary>The attaching steps of this epoch are done.</summary>
    public bool AttachingDone;

    /// <summary>DMAs that the silicon holds (stalled).</summary>
    public int Held;

    /// <summary>DMAs that the silicon holds and that nobody waits for any more; older than those of <see cref="Held"/>.</summary>
    public int Abandoned;
}
