using Emulator.Hardware.Dma;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Drivers;

/// <summary>The core's iommu_map and iommu_unmap over a driver: the page table is changed by <see cref="DomainPaging"/>, then the driver's
/// invalidations follow as steps.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/iommu.c, _iommu_map and iommu_unmap; 6.12 is the same.</remarks>
public static class DomainMapping
{
    /// <summary>Maps a range. Result: 0, or the negative error; then nothing stays mapped of what the call mapped, and the driver was made to sync
    /// the roll-back. -EINVAL for a domain that has no page table: identity and blocked ones never do.</summary>
    /// <param name="driver">The driver.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="iova">First input address.</param>
    /// <param name="physical">First output address.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="protection">What is allowed.</param>
    /// <param name="gather">Performs invalidations inside the page-table calls; null: they follow.</param>
    public static IEnumerable<DriverStep> Map(
        IIommuDriver driver, IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection, InvalidationGather? gather = null)
    {
        ArgumentNullException.ThrowIfNull(driver);
        ArgumentNullException.ThrowIfNull(domain);
        if (domain.PageTable is not { } table)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        gather ??= new InvalidationGather();
        var result = DomainPaging.Map(table, iova, physical, size, protection, gather);
        var failed = result.Errno != Errno.None;
        if (failed && !IsAligned(table, iova | physical | size))
        {
            yield return DriverStep.Fail(result.Errno);
            yield break;
        }

        if (!failed)
        {
            foreach (var step in driver.SyncMap(domain, new Iova(iova), size, gather))
                yield return step;
            yield break;
        }

        foreach (var step in driver.Sync(domain, gather).Where(step => step.Kind != DriverStepKind.Return))
            yield return step;
        yield return DriverStep.Fail(result.Errno);
    }

    /// <summary>Unmaps a range. Result: bytes unmapped; 0, and nothing is invalidated, for a domain that has no page table.</summary>
    /// <param name="driver">The driver.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="iova">First input address.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="gather">Performs invalidations inside the page-table calls; null: they follow.</param>
    public static IEnumerable<DriverStep> Unmap(IIommuDriver driver, IommuDomain domain, ulong iova, ulong size, InvalidationGather? gather = null)
    {
        ArgumentNullException.ThrowIfNull(driver);
        ArgumentNullException.ThrowIfNull(domain);
        if (domain.PageTable is not { } table)
        {
            yield return DriverStep.Return(0);
            yield break;
        }

        gather ??= new InvalidationGather();
        var unmapped = DomainPaging.Unmap(table, iova, size, gather);
        foreach (var step in driver.Sync(domain, gather))
        {
            if (step.Kind != DriverStepKind.Return)
                yield return step;
        }

        yield return DriverStep.Return((long)unmapped);
    }

    /// <summary>Software's lookup (iommu_iova_to_phys). Source: Linux 6.12 drivers/iommu/iommu.c.</summary>
    /// <returns>The address itself for identity, 0 for blocked and where nothing is mapped.</returns>
    public static ulong IovaToPhys(IommuDomain domain, ulong iova)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return domain.Type switch
        {
            DomainType.Identity => iova,
            DomainType.Blocked => 0,
            _ => domain.PageTable?.Lookup(iova) ?? 0,
        };
    }

    private static bool IsAligned(IPageTable table, ulong bits) => (bits & ((table.PageSizeBitmap & (~table.PageSizeBitmap + 1)) - 1)) == 0;
}
