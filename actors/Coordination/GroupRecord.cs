using Emulator.Actors.Ownership;
using Emulator.Hardware.Memory;
using static Emulator.Actors.Coordination.CoordinationEvents;

namespace Emulator.Actors.Coordination;

/// <summary>What the journal says of a group.</summary>
internal sealed class GroupRecord
{
    public OwnerTag Owner { get; set; }

    /// <summary>The last epoch that is known. The next command needs at least this one.</summary>
    public Epoch Epoch { get; set; }

    /// <summary>The change that was decided and has no outcome yet.</summary>
    public ChangeDecided? Decided { get; set; }
}
