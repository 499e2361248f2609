using System.Collections;

namespace Emulator.Actors.Hosting;

/// <summary>The hosts of a run, in the order in which they were specified. Registered as a service;
/// filled when the actor system has started.</summary>
public sealed class EmulatedHosts : IReadOnlyList<HostClient>
{
    private IReadOnlyList<HostClient> _hosts = [];

    /// <inheritdoc/>
    public int Count => _hosts.Count;

    /// <inheritdoc/>
    public HostClient this[int index] => _hosts[index];

    /// <inheritdoc/>
    public IEnumerator<HostClient> GetEnumerator() => _hosts.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void Fill(IReadOnlyList<HostClient> hosts) => _hosts = hosts;
}
