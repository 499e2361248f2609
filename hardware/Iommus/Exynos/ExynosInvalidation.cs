using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>The driver's invalidations: a SysMMU is blocked, told what to drop, and released.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/exynos-iommu.c:339-372, :617-632.</remarks>
internal static class ExynosInvalidation
{
    /// <summary>Reads of STATUS before the driver gives up.</summary>
    public const int BlockReads = 120;

    // Entries to drop on v2 at most: a page can be cached in any of 64 sets.
    private const ulong MaxEntries = 64;

    /// <summary>After a page was unmapped (exynos_iommu_tlb_invalidate_entry).</summary>
    public static IEnumerable<DriverStep> Page(ExynosDomain domain, ulong iova, ulong size) =>
        domain.Clients.Where(unit => unit.IsActive).SelectMany(unit => Blocked(unit, Entries(unit, (uint)iova, unit.Version.Major == 2 ? Math.Min(size >> 12, MaxEntries) : 1)));

    /// <summary>After a link to the table of zeros was replaced (sysmmu_tlb_invalidate_flpdcache): v3.3 and later.</summary>
    public static IEnumerable<DriverStep> FirstLevel(ExynosDomain domain, ulong iova) =>
        domain.Clients.Where(unit => unit.IsActive && unit.Version >= new ExynosVersion(3, 3)).SelectMany(unit => Blocked(
            unit, unit.Version.Major >= 5 ? [DriverStep.Write(unit.Layout!.FlushAll, ExynosRegisters.Flush, unit: unit.Index)] : Entries(unit, (uint)iova, 1)));

    /// <summary>What a page-table call left to be invalidated.</summary>
    public static IEnumerable<DriverStep> Of(ExynosDomain domain, InvalidationGather gather)
    {
        foreach (var request in gather.Requests)
        {
            if (request.Kind == InvalidationKind.Walk)
            {
                foreach (var step in FirstLevel(domain, request.Iova))
                    yield return step;
                continue;
            }

            for (var offset = 0UL; offset < request.Size; offset += request.Granule)
            {
                foreach (var step in Page(domain, request.Iova + offset, request.Granule))
                    yield return step;
            }
        }
    }

    // sysmmu_block: where STATUS does not say blocked, the flush is left out in silence.
    private static IEnumerable<DriverStep> Blocked(ExynosUnit unit, IEnumerable<DriverStep> flush)
    {
        yield return DriverStep.Write(ExynosRegisters.Control, ExynosRegisters.ControlBlock, unit: unit.Index);
        var status = 0UL;
        for (var reads = 0; reads < BlockReads && (status & ExynosRegisters.Blocked) == 0; reads++)
        {
            var poll = DriverStep.Read(ExynosRegisters.Status, unit: unit.Index);
            yield return poll;
            status = poll.Value;
        }

        var last = DriverStep.Read(ExynosRegisters.Status, unit: unit.Index);
        yield return last;
        if ((last.Value & ExynosRegisters.Blocked) != 0)
        {
            foreach (var step in flush)
                yield return step;
        }

        yield return DriverStep.Write(ExynosRegisters.Control, ExynosRegisters.ControlEnable, unit: unit.Index);
    }

    private static IEnumerable<DriverStep> Entries(ExynosUnit unit, uint iova, ulong count)
    {
        for (var i = 0UL; i < count; i++)
            yield return DriverStep.Write(unit.Layout!.FlushEntry, ExynosRegisters.FlushEntry(iova + (uint)(i << 12)), unit: unit.Index);
    }
}
