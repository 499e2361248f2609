using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core;

/// <summary>6.1's switch: the first error ends it and nothing is taken back here; a group without a default domain rests detached.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/iommu.c:2088 (attach of a group).</remarks>
internal sealed class Linux61Domains(IIommuDriver driver, IEnumerable<GroupMember> members, IommuGroupOptions options) : GroupDomains(driver, members, options)
{
    /// <inheritdoc/>
    public override IEnumerable<DriverStep> AttachDefault()
    {
        EnsureDefault();
        Current = Default;
        return Default is { } domain ? AttachAll(domain, Members.Where(member => !member.AttachDeferred)) : [];
    }

    /// <inheritdoc/>
    public override IEnumerable<DriverStep> Set(IommuDomain? domain)
    {
        if (Current == domain)
            yield break;
        if (domain == null && !Options.HasDetach)
        {
            Warnings.Add("the driver has neither a default domain nor a detach operation (6.1 drivers/iommu/iommu.c, __iommu_group_set_domain)");
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        var switching = new SequenceResult();
        foreach (var step in switching.Of(domain == null ? DetachAll(Current!) : AttachAll(domain, Members)))
            yield return step;
        if (!switching.Failed)
            Current = domain;
        yield return DriverStep.Return(switching.Value);
    }

    /// <inheritdoc/>
    public override IEnumerable<DriverStep> SetWithoutFail(IommuDomain? domain)
    {
        var switching = new SequenceResult();
        foreach (var step in switching.Of(Set(domain)))
            yield return step;
        if (switching.Failed)
            Warnings.Add($"the driver failed to attach the {(domain == Blocking ? "blocking" : "default")} domain (6.1 iommu.c, __iommu_group_set_core_domain)");
        yield return DriverStep.Return(switching.Value);
    }

    /// <inheritdoc/>
    /// <remarks>After an error every device is sent back to the old domain; a group that was in none says so again, and devices that had been switched stay
    /// where they are.</remarks>
    public override IEnumerable<DriverStep> SetForCaller(IommuDomain domain)
    {
        var (attach, restore, old) = (new SequenceResult(), new SequenceResult(), Current);
        foreach (var step in attach.Of(AttachAll(domain, Members)))
            yield return step;
        if (attach.Failed)
        {
            Current = null;
            foreach (var step in restore.Of(Set(old)))
                yield return step;
            if (restore.Failed)
                Warnings.Add("the driver failed to attach the domain that was attached before (6.1 drivers/iommu/iommu.c:2088)");
        }
        else
        {
            Current = domain;
        }

        yield return DriverStep.Return(attach.Value);
    }

    /// <inheritdoc/>
    protected override Errno ClaimError(Errno allocation) => Errno.EINVAL;

    /// <inheritdoc/>
    protected override IommuDomain? AllocateDefault(DomainType? type) => type is { } wanted ? AllocateFirst([wanted, DomainType.Dma]) : null;

    private IEnumerable<DriverStep> AttachAll(IommuDomain domain, IEnumerable<GroupMember> members) =>
        DriverSequence.InTurn(members.Select(member => Attach(member, domain)));

    // The kernel's detach returns nothing, so an error in it is lost.
    private IEnumerable<DriverStep> DetachAll(IommuDomain domain)
    {
        var detach = new SequenceResult();
        foreach (var member in Members.Where(member => !member.AttachDeferred))
        {
            foreach (var step in detach.Of(Driver.Detach(domain, member.Device)))
                yield return step;
            member.Detached();
        }
    }
}
