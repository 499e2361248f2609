using Emulator.Hardware.Core;
using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Core;

/// <summary>A group of the core, and what calls about it may name.</summary>
internal sealed class CoreGroup(KernelCore core, int index, IommuGroup group, IReadOnlyDictionary<int, IommuDevice> devices)
{
    private int _warningsTold;

    public int Index => index;

    public IommuGroup Group => group;

    /// <summary>The devices that it had at the boot, by number.</summary>
    public IReadOnlyDictionary<int, IommuDevice> Devices => devices;

    /// <summary>Whether the tenants' protocol has it.</summary>
    public bool IsTenants => group.Owner == KernelCore.Tenants;

    /// <summary>What its DMA may reach.</summary>
    public OwnerTag Granted => GrantedIn(group.Domain);

    /// <summary>The same once it has left the owner's domain.</summary>
    public OwnerTag GrantedAtRest => group.Owner != null ? OwnerTag.None : GrantedIn(group.DefaultDomain);

    public OwnerTag GrantedIn(CoreDomain domain) => core.Find(domain) is { } found ? GrantedIn(found) : Granted;

    // A device whose attach is deferred is where the kernel before this one left it.
    public OwnerTag GrantedIn(IommuDomain? domain) =>
        domain != null && domain == group.BlockingDomain ? OwnerTag.None :
        group.Owner == null && group.Members.Any(member => member.AttachDeferred) ? KernelCore.AllMemory :
        core.GrantedIn(domain, group.Owner);

    public OwnerTag GrantedByType(DomainType? type) => KernelCore.GrantedByType(type ?? core.DefaultType);

    public IEnumerable<DriverStep> With(int device, Func<GroupMember, IEnumerable<DriverStep>> call) =>
        devices.TryGetValue(device, out var found) ? call(found.Member) : [DriverStep.Fail(Errno.ENODEV)];

    public IEnumerable<DriverStep> With(CoreDomain domain, Func<IommuDomain, IEnumerable<DriverStep>> call) =>
        core.Find(domain) is { } found ? call(found) : [DriverStep.Fail(Errno.ENOENT)];

    public int Allocate(DomainType type) => core.Keep(group.AllocateDomain(type));

    /// <summary>The warnings since the last time.</summary>
    public IReadOnlyList<string> TakeWarnings()
    {
        string[] warnings = [.. group.Warnings.Skip(_warningsTold)];
        _warningsTold += warnings.Length;
        return warnings;
    }
}
