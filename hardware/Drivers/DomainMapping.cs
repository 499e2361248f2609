using Emulator.Hardware.Dma;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Drivers;

/// <summary>The core's iommu_map and iommu_unmap over a driver: the page table is changed by <see cref="DomainPaging"/>, then the driver's
/// invalidations follow as steps.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/iommu.c, _iommu_map and iommu_unmap; 6.12 is the same.</remarks>
public static class DomainMapping
{
    /// <summary>Maps a range. Result: 0, or the negative error; then nothing stays mapped of what the call mapped, and the driver was made to sync
    /// the roll-back.</summary>
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
        var table = Table(domain);
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

    /// <summary>Unmaps a range. Result: bytes unmapped.</summary>
    /// <param name="driver">The driver.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="iova">First input address.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="gather">Performs invalidations inside the page-table calls; null: they follow.</param>
    public static IEnumerable<DriverStep> Unmap(IIommuDriver driver, IommuDomain domain, ulong iova, ulong size, InvalidationGather? gather = null)
    {
        ArgumentNullException.ThrowIfNull(driver);
        gather ??= new InvalidationGather();
        var unmapped = DomainPaging.Unmap(Table(domain), iova, size, gather);
        foreach (var step in driver.Sync(domain, gather).Where(step => step.Kind != DriverStepKind.Return))
            yield return step;
        yield return DriverStep.Return((long)unmapped);
    }

    private static IPageTable Table(IommuDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return domain.PageTable ?? throw new DriverException(Errno.EINVAL, $"a domain of type {domain.Type} has no page table");
    }

    private static bool IsAligned(IPageTable table, ulong bits) => (bits & ((table.PageSizeBitmap & (~table.PageSizeBitmap + 1)) - 1)) == 0;
}
