using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>The driver's invalidations. A poll that times out only warns, but for the flush of the enable sequence.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/sun50i-iommu.c:300-420.</remarks>
internal sealed class Sun50iInvalidation(int busyReads)
{
    private const ulong Page = 0x1000;
    private const ulong Mebibyte = 0x100000;

    /// <summary>Everything (sun50i_iommu_flush_all_tlb). The value of the last step is not 0 when it timed out.</summary>
    public IEnumerable<DriverStep> All()
    {
        yield return DriverStep.Write(Sun50iRegisters.TlbFlush, Sun50iRegisters.FlushAll);
        foreach (var step in WaitFor(Sun50iRegisters.TlbFlush))
            yield return step;
    }

    /// <summary>The ends of a range (sun50i_iommu_zap_range, :333): what lies between them is left.</summary>
    public IEnumerable<DriverStep> Range(ulong iova, ulong size)
    {
        yield return DriverStep.Write(Sun50iRegisters.AutoGating, 0);
        foreach (var step in Ends(iova, size, Page).SelectMany(PageOf).Concat(Ends(iova, size, Mebibyte).SelectMany(WalkOf)))
            yield return step;
        yield return DriverStep.Write(Sun50iRegisters.AutoGating, 1);
    }

    private static IEnumerable<ulong> Ends(ulong iova, ulong size, ulong granule) => size > granule ? [iova, iova + granule, iova + size, iova + size + granule] : [iova, iova + granule];

    private IEnumerable<DriverStep> PageOf(ulong iova)
    {
        yield return DriverStep.Write(Sun50iRegisters.InvalidateAddress, (uint)iova);
        yield return DriverStep.Write(Sun50iRegisters.InvalidateMask, ~0xfffu);
        yield return DriverStep.Write(Sun50iRegisters.Invalidate, 1);
        foreach (var step in WaitFor(Sun50iRegisters.Invalidate))
            yield return step;
    }

    private IEnumerable<DriverStep> WalkOf(ulong iova)
    {
        yield return DriverStep.Write(Sun50iRegisters.InvalidateWalkAddress, (uint)iova);
        yield return DriverStep.Write(Sun50iRegisters.InvalidateWalk, 1);
        foreach (var step in WaitFor(Sun50iRegisters.InvalidateWalk))
            yield return step;
    }

    private IEnumerable<DriverStep> WaitFor(ulong offset)
    {
        for (var i = 0; i < busyReads; i++)
        {
            var status = DriverStep.Read(offset);
            yield return status;
            if (status.Value == 0)
                yield break;
        }
    }
}
