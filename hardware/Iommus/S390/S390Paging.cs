using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>Map and unmap of a domain with the refreshes that belong to them.</summary>
/// <remarks>Source: 6.1 drivers/iommu/s390-iommu.c:205-340 under drivers/iommu/iommu.c, __iommu_map and __iommu_unmap; 6.12 s390-iommu.c:555-760, iommu.c, iommu_map.</remarks>
internal sealed class S390Paging(S390Instructions instructions)
{
    /// <summary>6.1: the core cuts the range into powers of two and calls the driver for each; after an error it unmaps what it mapped.</summary>
    public IEnumerable<DriverStep> MapRuns(S390Domain domain, ulong iova, ulong physical, ulong size, Protection protection)
    {
        if (((iova | physical | size) & (S390Format.PageSize - 1)) != 0)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        for (var mapped = 0UL; mapped < size;)
        {
            var (run, _) = DomainPaging.ChoosePage(domain.Table!.PageSizeBitmap, iova + mapped, physical + mapped, size - mapped);
            var result = 0L;
            foreach (var step in MapRun(domain, iova + mapped, physical + mapped, run, protection))
            {
                if (step.Kind == DriverStepKind.Return)
                    result = step.Result;
                else
                    yield return step;
            }

            if (result == 0)
            {
                mapped += run;
                continue;
            }

            foreach (var step in UnmapRuns(domain, iova, mapped).Where(step => step.Kind != DriverStepKind.Return))
                yield return step;
            yield return DriverStep.Return(result);
            yield break;
        }
    }

    /// <summary>6.1: likewise. Result: bytes unmapped.</summary>
    public IEnumerable<DriverStep> UnmapRuns(S390Domain domain, ulong iova, ulong size)
    {
        var unmapped = 0UL;
        var aligned = ((iova | size) & (S390Format.PageSize - 1)) == 0;
        while (aligned && unmapped < size)
        {
            var (run, _) = DomainPaging.ChoosePage(domain.Table!.PageSizeBitmap, iova + unmapped, iova + unmapped, size - unmapped);
            var result = 0L;
            foreach (var step in UnmapRun(domain, iova + unmapped, run))
            {
                if (step.Kind == DriverStepKind.Return)
                    result = step.Result;
                else
                    yield return step;
            }

            if (result == 0)
                break;
            unmapped += (ulong)result;
        }

        yield return DriverStep.Return((long)unmapped);
    }

    /// <summary>6.1: s390_iommu_map. When a refresh fails, the entries are made invalid again.</summary>
    public IEnumerable<DriverStep> MapRun(S390Domain domain, ulong iova, ulong physical, ulong size, Protection protection)
    {
        var table = domain.Table!;
        var result = table.Map(iova, physical, size, 1, protection, new InvalidationGather());
        if (result.Errno != Errno.None)
        {
            yield return DriverStep.Fail(result.Errno);
            yield break;
        }

        foreach (var step in RefreshAll(domain, iova, size))
        {
            if (step.Kind == DriverStepKind.Return)
                table.Tables.Invalidate(iova, size >> S390Format.PageShift);
            yield return step;
        }
    }

    /// <summary>6.1: s390_iommu_unmap. When a refresh fails, the entries stay invalid and the answer is 0.</summary>
    public IEnumerable<DriverStep> UnmapRun(S390Domain domain, ulong iova, ulong size)
    {
        var unmapped = domain.Table!.Unmap(iova, size, 1, new InvalidationGather());
        if (unmapped != 0)
        {
            foreach (var step in RefreshAll(domain, iova, size))
            {
                if (step.Kind == DriverStepKind.Return)
                    unmapped = 0;
                else
                    yield return step;
            }
        }

        yield return DriverStep.Return((long)unmapped);
    }

    /// <summary>6.12: the tables, then the refreshes; after an error of these everything is unmapped again.</summary>
    public IEnumerable<DriverStep> MapAndSync(S390Domain domain, ulong iova, ulong physical, ulong size, Protection protection)
    {
        var gather = new InvalidationGather();
        var result = DomainPaging.Map(domain.Table!, iova, physical, size, protection, gather);
        if (result.Errno != Errno.None)
        {
            yield return DriverStep.Fail(result.Errno);
            yield break;
        }

        foreach (var step in SyncMap(domain, iova, size))
        {
            if (step.Kind == DriverStepKind.Return)
            {
                DomainPaging.Unmap(domain.Table!, iova, size, gather);
                foreach (var refresh in RefreshAll(domain, iova, size, stopAtError: false))
                    yield return refresh;
            }

            yield return step;
        }
    }

    /// <summary>6.12: s390_iommu_iotlb_sync_map. A hypervisor short of resources gets some back by a refresh of the whole window. Returns only with an error.</summary>
    public IEnumerable<DriverStep> SyncMap(S390Domain domain, ulong iova, ulong size)
    {
        var errno = Errno.None;
        foreach (var device in domain.Devices.Where(device => device.NeedsRefresh))
        {
            var outcome = new S390InstructionOutcome();
            foreach (var step in instructions.Refresh(device, iova, size, outcome))
                yield return step;
            errno = outcome.RefreshErrno;
            if (errno != Errno.ENOMEM)
                continue;
            foreach (var step in instructions.Refresh(device, device.Start, device.Length, outcome))
                yield return step;
            errno = outcome.RefreshErrno;
            if (errno != Errno.None)
                break;
        }

        if (errno != Errno.None)
            yield return DriverStep.Fail(errno);
    }

    /// <summary>A refresh of a range for every function, the latest attached first. Returns only with an error.</summary>
    public IEnumerable<DriverStep> RefreshAll(S390Domain domain, ulong iova, ulong size, bool stopAtError = true)
    {
        foreach (var device in domain.Devices)
        {
            var outcome = new S390InstructionOutcome();
            foreach (var step in instructions.Refresh(device, iova, size, outcome))
                yield return step;
            if (!outcome.Failed || !stopAtError)
                continue;
            yield return DriverStep.Fail(outcome.RefreshErrno);
            yield break;
        }
    }

    /// <summary>6.12: a refresh of every function's whole window.</summary>
    public IEnumerable<DriverStep> RefreshWindows(S390Domain domain)
    {
        foreach (var device in domain.Devices)
        {
            foreach (var step in instructions.Refresh(device, device.Start, device.Length, new S390InstructionOutcome()))
                yield return step;
        }
    }
}
