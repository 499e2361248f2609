namespace Emulator.Simulations.Faults;

/// <summary>The faults of a recorded run, or a part of them.</summary>
/// <param name="faults">At most one for each message.</param>
public sealed class RecordedFaults(IEnumerable<AppliedFault> faults) : IMessageFaults
{
    private readonly Dictionary<(string Sender, string Receiver, int Nth), MessageFault> _faults = faults.ToDictionary(fault => (fault.Sender, fault.Receiver, fault.Nth), fault => fault.Fault);

    /// <inheritdoc/>
    public MessageFault Decide(string sender, string receiver, object message, int nth) => _faults.GetValueOrDefault((sender, receiver, nth));
}
