using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A guest's page table over a parent (IOMMUFD_OBJ_HWPT_NESTED).</summary>
public sealed class HwptNested : Hwpt
{
    internal HwptNested(HwptPaging parent, IUserDomainDriver driver, IommuDomain domain)
        : base(parent.Context, driver, domain)
    {
        Paging = parent;
        UserDriver = driver;
        parent.Users++;
    }

    /// <summary>The parent.</summary>
    public override HwptPaging Paging { get; }

    /// <summary>The driver.</summary>
    internal IUserDomainDriver UserDriver { get; }

    /// <inheritdoc/>
    internal override IEnumerable<DriverStep> Teardown()
    {
        Paging.Users--;
        return base.Teardown();
    }
}
