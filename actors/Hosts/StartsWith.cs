namespace Emulator.Actors.Hosts;

/// <summary>What a host does with its groups before anybody asks.</summary>
public enum StartsWith
{
    /// <summary>Attaches each to its first tenant, see <see cref="HostSpecification.FirstTenant"/>.</summary>
    FirstTenants,

    /// <summary>Blocks each, and leaves it so until somebody who knows its owner asks.</summary>
    Blocked,

    /// <summary>As a kernel boots: each is in its default domain and nobody's. Who wants one asks the kernel's core; so does a tenant's first claim, block or
    /// attach.</summary>
    Kernel,
}
