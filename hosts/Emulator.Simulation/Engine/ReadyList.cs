using System.Runtime.InteropServices;
using Akka.Dispatch;

namespace Emulator.Simulations.Engine;

/// <summary>What can run now, the one that has waited longest first. What became ready in one step is ordered by name, because within a step Akka.NET goes through hash tables, whose order
/// differs from process to process.</summary>
internal sealed class ReadyList(bool orderWithinStep)
{
    private readonly List<(long Step, ActorName Name, IRunnable Work)> _entries = [];

    public int Count => _entries.Count;

    /// <param name="step">The step in which it became ready.</param>
    /// <param name="name">Who.</param>
    /// <param name="work">What runs.</param>
    public void Add(long step, ActorName name, IRunnable work)
    {
        var place = _entries.Count;
        if (orderWithinStep)
        {
            for (var entries = CollectionsMarshal.AsSpan(_entries); place > 0; place--)
            {
                ref readonly var before = ref entries[place - 1];
                if (before.Step != step || string.CompareOrdinal(before.Name.Text, name.Text) <= 0)
                    break;
            }
        }

        _entries.Insert(place, (step, name, work));
    }

    public (ActorName Name, IRunnable Work) Take(int index)
    {
        var (_, name, work) = _entries[index];
        _entries.RemoveAt(index);
        return (name, work);
    }
}
