using Akka.Actor;
using Emulator.Actors.Core;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Programming;

/// <summary>What a kernel remembers of its IOMMU: it outlives a crash of the actor that uses it. One user, the IOMMU's actor.</summary>
internal sealed class DriverMemory
{
    /// <summary>Makes it for a number of groups.</summary>
    public DriverMemory(int groups)
    {
        Attached = new IommuDomain?[groups];
        LastTenants = new OwnerTag[groups];
        EmptyDomains = new IommuDomain?[groups];
    }

    /// <summary>The run that is on its way; null when there is none.</summary>
    public DriverRun? Current { get; set; }

    /// <summary>The kernel's core; null on hosts whose groups the tenants have from the start.</summary>
    public KernelCore? Core { get; init; }

    /// <summary>Probe runs finished: 0 none, 1 the IOMMU, 1 + n the first n devices; with a core its groups follow.</summary>
    public int Probed { get; set; }

    /// <summary>Each tenant's domain.</summary>
    public Dictionary<OwnerTag, IommuDomain> Domains { get; } = [];

    /// <summary>Who writes the tables of each of them.</summary>
    public Dictionary<IommuDomain, IActorRef> Writers { get; } = [];

    /// <summary>The domain that each group is in; null when it is in none, or in the driver's own blocking domain.</summary>
    public IommuDomain?[] Attached { get; }

    /// <summary>The tenant that each group was attached to; for a protocol with a bug.</summary>
    public OwnerTag[] LastTenants { get; }

    /// <summary>Each group's empty domain, made when first needed.</summary>
    public IommuDomain?[] EmptyDomains { get; }
}
