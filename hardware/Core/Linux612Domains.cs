using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core;

/// <summary>6.12's switch: an error takes every device back to the old domain; where there is no way back, the others go on and the failed one is blocked.</summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/iommu.c:2246 (one device), :2305 (the group).</remarks>
internal sealed class Linux612Domains(IIommuDriver driver, IEnumerable<GroupMember> members, IommuGroupOptions options) : GroupDomains(driver, members, options)
{
    /// <inheritdoc/>
    public override IEnumerable<DriverStep> AttachDefault()
    {
        EnsureDefault();
        return Current == null ? SetWithoutFail(Default) : Set(Default);
    }

    /// <inheritdoc/>
    public override IEnumerable<DriverStep> Set(IommuDomain? domain) => Set(domain, mustSucceed: false);

    /// <inheritdoc/>
    public override IEnumerable<DriverStep> SetWithoutFail(IommuDomain? domain)
    {
        var switching = new SequenceResult();
        foreach (var step in switching.Of(Set(domain, mustSucceed: true)))
            yield return step;
        if (switching.Failed)
            Warnings.Add($"a switch that must succeed failed ({Describe(switching)}; 6.12 drivers/iommu/iommu.c:2305)");
        yield return DriverStep.Return(switching.Value);
    }

    /// <inheritdoc/>
    public override IEnumerable<DriverStep> SetForCaller(IommuDomain domain) => Set(domain);

    /// <inheritdoc/>
    protected override Errno ClaimError(Errno allocation) => allocation;

    /// <inheritdoc/>
    protected override IommuDomain AllocateDefault(DomainType? type) =>
        (type is { } wanted ? AllocateFirst([wanted, DomainType.Dma, DomainType.Identity]) : null) ?? new PlatformDomain { AllocatedBy = Driver };

    private static string Describe(SequenceResult result) => $"-{(Errno)(-result.Value)}";

    private IEnumerable<DriverStep> Set(IommuDomain? domain, bool mustSucceed)
    {
        if (Current == domain)
            yield break;
        if (domain == null)
        {
            Warnings.Add("a switch to no domain (6.12 drivers/iommu/iommu.c:2305)");
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        var (switching, revert, result) = (new SequenceResult(), new SequenceResult(), 0L);
        for (var index = 0; index < Members.Count; index++)
        {
            foreach (var step in switching.Of(SetMember(Members[index], domain, mustSucceed)))
                yield return step;
            if (!switching.Failed)
                continue;
            result = switching.Value;
            if (mustSucceed)
                continue;
            foreach (var step in revert.Of(Revert(index)))
                yield return step;
            yield return DriverStep.Return(result);
            yield break;
        }

        Current = domain;
        yield return DriverStep.Return(result);
    }

    // Devices up to the failed one, which may be in any state. A group without a domain yet is left for the release to clean up.
    private IEnumerable<DriverStep> Revert(int last)
    {
        var revert = new SequenceResult();
        foreach (var member in Current == null ? [] : Members.Take(last + 1))
        {
            foreach (var step in revert.Of(SetMember(member, Current!, mustSucceed: true)))
                yield return step;
            if (revert.Failed)
                Warnings.Add($"{member.Device.Name} could not be taken back to its old domain ({Describe(revert)}; 6.12 drivers/iommu/iommu.c:2305)");
        }
    }

    private IEnumerable<DriverStep> SetMember(GroupMember member, IommuDomain domain, bool mustSucceed)
    {
        if (member.RequiresDirect && (domain.Type == DomainType.Blocked || domain == Blocking))
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        if (member.AttachDeferred && domain == Default)
            yield break;
        member.EndDeferral();
        var (attach, block) = (new SequenceResult(), new SequenceResult());
        foreach (var step in attach.Of(Attach(member, domain)))
            yield return step;
        if (attach.Failed && mustSucceed && Blocking is { } blocking && blocking != domain)
        {
            foreach (var step in block.Of(Attach(member, blocking)))
                yield return step;
        }

        yield return DriverStep.Return(attach.Value);
    }
}
