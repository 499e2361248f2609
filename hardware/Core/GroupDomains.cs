using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core;

/// <summary>The three domains of a group and the switch from one to another: what both kernels share. How a switch fails is each kernel's own.</summary>
/// <remarks>A device's attach is preceded by <see cref="IIommuDriver.Finalise"/>: making the domain fit belongs to the attach, as does its error.</remarks>
internal abstract class GroupDomains(IIommuDriver driver, IEnumerable<GroupMember> members, IommuGroupOptions options)
{
    public IIommuDriver Driver { get; } = driver;

    public List<GroupMember> Members { get; } = [.. members];

    public IommuGroupOptions Options { get; } = options;

    public List<string> Warnings { get; } = [];

    public IommuDomain? Current { get; set; }

    public IommuDomain? Default { get; private set; }

    public IommuDomain? Blocking { get; private set; }

    /// <summary>Attaches the default domain at the end of the probe.</summary>
    public abstract IEnumerable<DriverStep> AttachDefault();

    /// <summary>Switches every device (__iommu_group_set_domain). Result: 0 or the error.</summary>
    public abstract IEnumerable<DriverStep> Set(IommuDomain? domain);

    /// <summary>The same where an error cannot be told to anybody: the kernel warns.</summary>
    public abstract IEnumerable<DriverStep> SetWithoutFail(IommuDomain? domain);

    /// <summary>The same for a caller's domain: what is left after an error is each kernel's own.</summary>
    public abstract IEnumerable<DriverStep> SetForCaller(IommuDomain domain);

    /// <summary>The error of a claim whose blocking domain cannot be made.</summary>
    protected abstract Errno ClaimError(Errno allocation);

    /// <summary>The default domain of a type, or of the next one that the driver has.</summary>
    protected abstract IommuDomain? AllocateDefault(DomainType? type);

    /// <summary>Makes a domain and writes down who did.</summary>
    /// <exception cref="DriverException">The driver has none of that type, or no identifiers are left.</exception>
    public IommuDomain Allocate(DomainType type)
    {
        var domain = Driver.AllocateDomain(type);
        domain.AllocatedBy = Driver;
        return domain;
    }

    /// <summary>Whether the group's driver made a domain, as far as anybody wrote that down; a driver knows its own too, at the attach.</summary>
    public bool Made(IommuDomain domain) => domain.AllocatedBy == null || domain.AllocatedBy == Driver;

    /// <summary>Makes the default domain at the first call.</summary>
    public void EnsureDefault() => Default ??= AllocateDefault(Options.DefaultDomainType);

    /// <summary>Puts another default domain in place, or the former one back.</summary>
    /// <returns>The one before.</returns>
    public IommuDomain? ExchangeDefault(IommuDomain? domain)
    {
        var former = Default;
        Default = domain;
        return former;
    }

    /// <summary>Makes the blocking domain at the first call: the driver's own where it has one, else one without mappings.</summary>
    public Errno EnsureBlocking()
    {
        try
        {
            Blocking ??= Allocate(Driver.HasNativeBlocking ? DomainType.Blocked : DomainType.Unmanaged);
            return Errno.None;
        }
        catch (DriverException failure)
        {
            return ClaimError(failure.Errno);
        }
    }

    /// <summary>Attaches one device. Result: 0 or the error.</summary>
    public IEnumerable<DriverStep> Attach(GroupMember member, IommuDomain domain)
    {
        var attach = new SequenceResult();
        foreach (var step in attach.Of(DriverAttach(member, domain)))
            yield return step;
        if (!attach.Failed)
            member.Attached(domain);
        yield return DriverStep.Return(Math.Min(attach.Value, 0));
    }

    /// <summary>Frees the domains of a group that lost its last device. Domains without a table are the driver's own and stay.</summary>
    public IEnumerable<DriverStep> Free()
    {
        var free = new SequenceResult();
        foreach (var domain in new[] { Default, Blocking }.OfType<IommuDomain>().Where(domain => domain.IsPaging))
        {
            foreach (var step in free.Of(Driver.FreeDomain(domain)))
                yield return step;
        }

        Current = Default = Blocking = null;
    }

    /// <summary>The first type of these that the driver has.</summary>
    protected IommuDomain? AllocateFirst(IEnumerable<DomainType> types)
    {
        foreach (var type in types.Distinct())
        {
            try
            {
                return Allocate(type);
            }
            catch (DriverException)
            {
                // The next type is the answer.
            }
        }

        return null;
    }

    private IEnumerable<DriverStep> DriverAttach(GroupMember member, IommuDomain domain)
    {
        var device = member.Device;
        switch (domain.Type)
        {
            case DomainType.Blocked:
                return Driver.Block(device);
            case DomainType.Platform:
                return member.Domain is { } left and not PlatformDomain ? Driver.Detach(left, device) : [];
            default:
                Driver.Finalise(domain, device);
                return Driver.Attach(domain, device);
        }
    }
}
