namespace Emulator.Actors.Ownership;

/// <summary>Where a group stands between its owners. A change of owner always passes <see cref="Blocked"/>.</summary>
public enum OwnershipState : byte
{
    /// <summary>Nobody's among the tenants; nothing was programmed for them.</summary>
    Unclaimed,

    /// <summary>A tenant has claimed it; nothing was programmed for that tenant.</summary>
    Claimed,

    /// <summary>It is being blocked. Its DMA may still reach the memory of the tenant that it leaves.</summary>
    Blocking,

    /// <summary>The blocking steps are done and its DMA has drained. No DMA of it gets through.</summary>
    Blocked,

    /// <summary>It is being attached. Its DMA may reach the memory of the tenant that it joins, and no other.</summary>
    Attaching,

    /// <summary>It belongs to a tenant's domain.</summary>
    Attached,

    /// <summary>The kernel's core has it: for nobody, for kernel drivers or for an owner of the core's, see <see cref="Hosts.StartsWith.Kernel"/>. Its DMA may reach what the
    /// domain shows that it is in: a tenant's memory, the host's, nothing, or (identity) everything.</summary>
    Core,
}
