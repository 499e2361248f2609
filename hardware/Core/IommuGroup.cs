using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core;

/// <summary>The devices that hardware cannot isolate from each other, and who owns their DMA.</summary>
/// <param name="driver">The driver of their IOMMU.</param>
/// <param name="members">The devices.</param>
public sealed class IommuGroup(IIommuDriver driver, IEnumerable<GroupMember> members)
{
    private readonly List<string> _warnings = [];

    /// <summary>The devices.</summary>
    public IReadOnlyList<GroupMember> Members { get; } = [.. members];

    /// <summary>Which kernel's rules.</summary>
    public KernelVersion Kernel => driver.Kernel;

    /// <summary>The domain that the devices are in.</summary>
    public IommuDomain? Domain { get; private set; }

    /// <summary>The domain without an owner.</summary>
    public IommuDomain? DefaultDomain { get; private set; }

    /// <summary>The domain of a claimed group without a user's domain.</summary>
    public IommuDomain? BlockingDomain { get; private set; }

    /// <summary>Who claimed the group.</summary>
    public object? Owner { get; private set; }

    /// <summary>Claims, or bound kernel drivers.</summary>
    public int OwnerCount { get; private set; }

    /// <summary>What the kernel would have warned of.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Attaches the default domain.</summary>
    public IEnumerable<DriverStep> AttachDefault()
    {
        DefaultDomain ??= driver.AllocateDomain(DomainType.Identity);
        return Switch(DefaultDomain, mustSucceed: false);
    }

    /// <summary>A kernel driver binds.</summary>
    public IEnumerable<DriverStep> UseDefaultDomain()
    {
        if (OwnerCount > 0 && (Owner != null || Domain != DefaultDomain))
        {
            yield return DriverStep.Fail(Errno.EBUSY);
            yield break;
        }

        OwnerCount++;
    }

    /// <summary>A kernel driver unbinds.</summary>
    public void UnuseDefaultDomain() => OwnerCount--;

    /// <summary>Claims the group.</summary>
    public IEnumerable<DriverStep> ClaimDmaOwner(object? owner) => OwnerCount > 0 ? [DriverStep.Fail(Errno.EPERM)] : Claim(owner);

    /// <summary>Claims the group for a device.</summary>
    public IEnumerable<DriverStep> ClaimDeviceDmaOwner(GroupMember m, object? owner)
    {
        if (Owner == null || Owner != owner)
            return ClaimDmaOwner(owner);
        OwnerCount++;
        return [];
    }

    /// <summary>Releases the group.</summary>
    public IEnumerable<DriverStep> ReleaseDmaOwner()
    {
        if (Owner == null)
        {
            _warnings.Add("released without a claim");
            return [];
        }

        (Owner, OwnerCount) = (null, 0);
        return Switch(DefaultDomain!, mustSucceed: true);
    }

    /// <summary>Releases a device's claim.</summary>
    public IEnumerable<DriverStep> ReleaseDeviceDmaOwner(GroupMember m)
    {
        if (OwnerCount <= 1)
            return ReleaseDmaOwner();
        OwnerCount--;
        return [];
    }

    /// <summary>Attaches a user's domain.</summary>
    public IEnumerable<DriverStep> AttachGroup(IommuDomain d) =>
        Domain != null && Domain != DefaultDomain && Domain != BlockingDomain ? [DriverStep.Fail(Errno.EBUSY)] : Switch(d, mustSucceed: false);

    /// <summary>Detaches it.</summary>
    public IEnumerable<DriverStep> DetachGroup(IommuDomain d) => Switch(Owner != null ? BlockingDomain! : DefaultDomain!, mustSucceed: true);

    /// <summary>Replaces it.</summary>
    public IEnumerable<DriverStep> ReplaceGroup(IommuDomain? d) => d == null ? [DriverStep.Fail(Errno.EINVAL)] : Switch(d, mustSucceed: false);

    private IEnumerable<DriverStep> Claim(object? owner)
    {
        if (owner == null)
            return [DriverStep.Fail(Errno.EINVAL)];
        if (Domain != DefaultDomain)
            return [DriverStep.Fail(Errno.EBUSY)];
        BlockingDomain ??= driver.AllocateDomain(driver.HasNativeBlocking ? DomainType.Blocked : DomainType.Unmanaged);
        return Switch(BlockingDomain, mustSucceed: false).Select(step =>
        {
            if (step.Kind == DriverStepKind.Return && step.Result == 0)
                (Owner, OwnerCount) = (owner, 1);
            return step;
        });
    }

    private IEnumerable<DriverStep> Switch(IommuDomain target, bool mustSucceed)
    {
        if (target == Domain)
        {
            yield return DriverStep.Return(0);
            yield break;
        }

        var error = 0L;
        var old = Domain;
        var done = 0;
        foreach (var member in Members)
        {
            var result = member.RequiresDirect && target == BlockingDomain ? -(long)Errno.EINVAL : 0;
            if (result == 0)
            {
                foreach (var step in Attach(target, member.Device))
                {
                    if (step.Kind == DriverStepKind.Return)
                        result = step.Result;
                    else
                        yield return step;
                }
            }

            error = result < 0 ? result : error;
            if (error < 0 && !mustSucceed)
                break;
            done++;
        }

        if (error < 0 && !mustSucceed)
        {
            foreach (var member in old == null ? [] : Members.Take(done + 1))
            {
                foreach (var step in Attach(old!, member.Device).Where(step => step.Kind != DriverStepKind.Return))
                    yield return step;
            }

            yield return DriverStep.Return(error);
            yield break;
        }

        Domain = target;
        yield return DriverStep.Return(error);
    }

    private IEnumerable<DriverStep> Attach(IommuDomain target, DmaDevice device)
    {
        if (target == BlockingDomain && driver.HasNativeBlocking)
            return driver.Block(device);
        try
        {
            driver.Finalise(target, device);
            return driver.Attach(target, device);
        }
        catch (DriverException refused)
        {
            return [DriverStep.Fail(refused.Errno)];
        }
    }
}
