using Emulator.Hardware.Memory;

namespace Emulator.Actors.Core;

/// <summary>Names a domain in a call of the core: a tenant's, or one that <see cref="CoreCall.AllocateDomain"/> made.</summary>
/// <param name="Tenant">The tenant; nobody for a domain with an id.</param>
/// <param name="Id">The id, from 1; 0 for a tenant's domain.</param>
public readonly record struct CoreDomain(OwnerTag Tenant, int Id)
{
    /// <summary>A tenant's domain, in which the tenant's buffer is mapped.</summary>
    public static CoreDomain Of(OwnerTag tenant) => new(tenant, 0);

    /// <summary>A domain that was allocated; nothing is mapped in it.</summary>
    public static CoreDomain Allocated(long id) => new(OwnerTag.None, (int)id);
}
