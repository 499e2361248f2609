using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A hardware page table: a domain that devices are attached to, as an object of iommufd.</summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/iommufd/hw_pagetable.c.</remarks>
public abstract class Hwpt : IommufdObject
{
    private protected Hwpt(IommufdContext context, IIommuDriver driver, IommuDomain domain)
        : base(context) => (Driver, Domain) = (driver, domain);

    /// <summary>The driver that made the domain.</summary>
    public IIommuDriver Driver { get; }

    /// <summary>The domain.</summary>
    public IommuDomain Domain { get; }

    /// <summary>Where page requests of attached devices go; null: they are refused.</summary>
    public FaultQueue? Fault { get; private set; }

    /// <summary>The HWPT whose address space this one leads to in the end: itself, or its parent.</summary>
    public abstract HwptPaging Paging { get; }

    /// <summary>Has page requests go to a queue, which this HWPT then holds.</summary>
    internal void Use(FaultQueue fault)
    {
        Fault = fault;
        fault.Users++;
    }

    /// <inheritdoc/>
    internal override IEnumerable<DriverStep> Teardown()
    {
        if (Fault != null)
            Fault.Users--;
        return Driver.FreeDomain(Domain).Where(step => step.Kind != DriverStepKind.Return);
    }
}
