using static Emulator.Actors.Coordination.CoordinationMessages;

namespace Emulator.Actors.Coordination;

/// <summary>A change without an outcome, and who waits for it.</summary>
internal sealed class PendingChange(OwnerChange change)
{
    private readonly List<(ChangeRequest Request, int Index)> _waiters = [];

    public OwnerChange Change { get; } = change;

    public void Add(ChangeRequest request, int index) => _waiters.Add((request, index));

    public void End(ChangeOutcome outcome)
    {
        foreach (var (request, index) in _waiters)
            request.End(index, outcome);
    }
}
