using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;

namespace Emulator.Actors.Faults;

/// <summary>Which messages the faults of messages and of slow actors may strike: the conversations that change owners and program hardware. DMA is the bus's own and has faults of its own;
/// what is told to the witness, and what a host and its supervised actors tell each other about a restart, arrives.</summary>
internal static class FaultScope
{
    public static bool Concerns(object message) =>
        message.GetType().DeclaringType is { } conversation
        && (conversation == typeof(OwnershipMessages) || conversation == typeof(ProgrammingMessages) || conversation == typeof(HostMessages) || conversation == typeof(DomainMessages));
}
