using Emulator.Hardware.Core;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Core;

/// <summary>One of the core's functions over a group; what each does and refuses in which kernel is <see cref="IommuGroup"/>'s. Devices are named by their number in the
/// host.</summary>
public abstract record CoreCall
{
    private protected CoreCall()
    {
    }

    /// <summary>The driver steps. Their result: 0, a negative errno, or an id.</summary>
    internal abstract IEnumerable<DriverStep> Perform(CoreGroup group);

    /// <summary>Whose memory DMA may reach once the call has succeeded; until then also what it may reach now.</summary>
    internal virtual OwnerTag Aim(CoreGroup group) => group.Granted;

    /// <summary>Asks where the group stands.</summary>
    public sealed record Query : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) => [];
    }

    /// <summary>A kernel driver binds to a device (iommu_device_use_default_domain).</summary>
    public sealed record UseDefaultDomain : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) => group.Group.UseDefaultDomain();
    }

    /// <summary>A kernel driver was unbound (iommu_device_unuse_default_domain).</summary>
    public sealed record UnuseDefaultDomain : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group)
        {
            group.Group.UnuseDefaultDomain();
            return [];
        }
    }

    /// <summary>Claims the group's DMA for user space (iommu_group_claim_dma_owner).</summary>
    /// <param name="Owner">Who; equal names are one owner. Null: nobody, which 6.12 refuses.</param>
    public sealed record Claim(string? Owner) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) => group.Group.ClaimDmaOwner(OwnerOf(Owner));

        internal override OwnerTag Aim(CoreGroup group) => OwnerTag.None;
    }

    /// <summary>Gives the group's DMA back (iommu_group_release_dma_owner).</summary>
    public sealed record Release : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) => group.Group.ReleaseDmaOwner();

        internal override OwnerTag Aim(CoreGroup group) => group.GrantedIn(group.Group.DefaultDomain);
    }

    /// <summary>6.12: claims through a device (iommu_device_claim_dma_owner).</summary>
    /// <param name="Device">The device.</param>
    /// <param name="Owner">As of <see cref="Claim"/>.</param>
    public sealed record ClaimDevice(int Device, string? Owner) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) => group.With(Device, member => group.Group.ClaimDeviceDmaOwner(member, OwnerOf(Owner)));

        internal override OwnerTag Aim(CoreGroup group) => group.Group.Owner == null ? OwnerTag.None : group.Granted;
    }

    /// <summary>6.12: gives back what <see cref="ClaimDevice"/> took (iommu_device_release_dma_owner).</summary>
    /// <param name="Device">The device.</param>
    public sealed record ReleaseDevice(int Device) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) => group.With(Device, group.Group.ReleaseDeviceDmaOwner);

        internal override OwnerTag Aim(CoreGroup group) => group.GrantedIn(group.Group.DefaultDomain);
    }

    /// <summary>Attaches the group to a domain (iommu_attach_group).</summary>
    /// <param name="Domain">The domain.</param>
    public sealed record Attach(CoreDomain Domain) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) => group.With(Domain, group.Group.AttachGroup);

        internal override OwnerTag Aim(CoreGroup group) => group.GrantedIn(Domain);
    }

    /// <summary>Leaves the owner's domain (iommu_detach_group).</summary>
    /// <param name="Domain">The domain that is said to be left.</param>
    public sealed record Detach(CoreDomain Domain) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) => group.With(Domain, group.Group.DetachGroup);

        internal override OwnerTag Aim(CoreGroup group) => group.GrantedAtRest;
    }

    /// <summary>6.12: exchanges the domain with nothing in between (iommu_group_replace_domain).</summary>
    /// <param name="Domain">The domain; null, none, is refused.</param>
    public sealed record Replace(CoreDomain? Domain) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) =>
            Domain is { } domain ? group.With(domain, group.Group.ReplaceGroup) : group.Group.ReplaceGroup(null);

        internal override OwnerTag Aim(CoreGroup group) => Domain is { } domain ? group.GrantedIn(domain) : group.Granted;
    }

    /// <summary>Attaches the only device of the group (iommu_attach_device).</summary>
    /// <param name="Device">The device.</param>
    /// <param name="Domain">The domain.</param>
    public sealed record AttachDevice(int Device, CoreDomain Domain) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) =>
            group.With(Device, member => group.With(Domain, domain => group.Group.AttachDevice(member, domain)));

        internal override OwnerTag Aim(CoreGroup group) => group.GrantedIn(Domain);
    }

    /// <summary>Detaches the only device of the group (iommu_detach_device).</summary>
    /// <param name="Device">The device.</param>
    /// <param name="Domain">The domain that it is in.</param>
    public sealed record DetachDevice(int Device, CoreDomain Domain) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) =>
            group.With(Device, member => group.With(Domain, domain => group.Group.DetachDevice(member, domain)));

        internal override OwnerTag Aim(CoreGroup group) => group.GrantedAtRest;
    }

    /// <summary>6.12: attaches a domain under a PASID of every device (iommu_attach_device_pasid).</summary>
    /// <remarks>The witness does not look at it: a group's grant is for DMA without a PASID.</remarks>
    /// <param name="Device">A device of the group.</param>
    /// <param name="Domain">The domain.</param>
    /// <param name="Pasid">The PASID, at least 1.</param>
    public sealed record AttachPasid(int Device, CoreDomain Domain, uint Pasid) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) =>
            group.With(Device, member => group.With(Domain, domain => group.Group.AttachPasid(domain, member, Pasid)));
    }

    /// <summary>6.12: takes a PASID's domain away (iommu_detach_device_pasid).</summary>
    /// <param name="Device">A device of the group.</param>
    /// <param name="Domain">The domain.</param>
    /// <param name="Pasid">The PASID.</param>
    public sealed record DetachPasid(int Device, CoreDomain Domain, uint Pasid) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) =>
            group.With(Device, member => group.With(Domain, domain => group.Group.DetachPasid(domain, member, Pasid)));
    }

    /// <summary>Another default domain (the group's file "type").</summary>
    /// <param name="Type">Its type; null for "auto".</param>
    public sealed record SetType(DomainType? Type) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) => group.Group.SetDefaultDomainType(Type);

        internal override OwnerTag Aim(CoreGroup group) => group.Group.State == GroupState.Idle ? group.GrantedByType(Type) : group.Granted;
    }

    /// <summary>A device maps something for DMA for the first time and makes up for the attach that was deferred (iommu_deferred_attach).</summary>
    /// <param name="Device">The device.</param>
    public sealed record DeferredAttach(int Device) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) => group.With(Device, group.Group.DeferredAttach);
    }

    /// <summary>A device goes away (iommu_release_device).</summary>
    /// <param name="Device">The device.</param>
    public sealed record RemoveDevice(int Device) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) => group.With(Device, group.Group.ReleaseDevice);
    }

    /// <summary>Makes a domain for this host's groups (iommu_domain_alloc); the answer's value is its id for <see cref="CoreDomain.Allocated"/>.</summary>
    /// <param name="Type">Its type.</param>
    public sealed record AllocateDomain(DomainType Type) : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) => [DriverStep.Return(group.Allocate(Type))];
    }

    /// <summary>The tenants take the group over: a claim like any other. Asked again, it is theirs already.</summary>
    internal sealed record ClaimForTenants : CoreCall
    {
        internal override IEnumerable<DriverStep> Perform(CoreGroup group) => group.IsTenants ? [] : group.Group.ClaimDmaOwner(KernelCore.Tenants);

        internal override OwnerTag Aim(CoreGroup group) => OwnerTag.None;
    }

    // The core knows owners by identity.
    private static string? OwnerOf(string? name) => name == null ? null : string.Intern(name);
}
