using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Iommus.ArmSmmu.Driver;

/// <summary>The invalidations of a domain as writes to its context bank or to the global registers.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.c:198 to :390; 6.12 is the same.</remarks>
internal static class Invalidations
{
    // The kernel's loop: ten reads, then a delay that doubles, until the delays come to about a second.
    private const int SyncReads = 20 * 10;
    private const uint Any = uint.MaxValue;

    /// <summary>What one request of the page-table code comes to.</summary>
    public static IEnumerable<DriverStep> Perform(DriverState state, ArmSmmuDomain domain, Invalidation request) => request.Kind switch
    {
        InvalidationKind.Page => Pages(state, domain, request),
        InvalidationKind.Walk => Walk(state, domain, request),
        _ => Everything(state, domain),
    };

    /// <summary>tlb_flush_all.</summary>
    public static IEnumerable<DriverStep> Everything(DriverState state, ArmSmmuDomain domain)
    {
        var stage1 = domain.Stage == ArmSmmuStage.Stage1;
        yield return stage1
            ? DriverStep.Write(Bank(state, domain) + R.TlbiAsid, domain.Identifier)
            : DriverStep.Write(R.TlbiVmid, domain.Identifier);
        foreach (var step in stage1 ? SyncBank(state, domain) : SyncGlobal())
            yield return step;
    }

    /// <summary>iotlb_sync.</summary>
    public static IEnumerable<DriverStep> Sync(DriverState state, ArmSmmuDomain domain) =>
        state.Features.Version == 2 || domain.Stage == ArmSmmuStage.Stage1 ? SyncBank(state, domain) : SyncGlobal();

    /// <summary>Waits for all invalidations of the SMMU.</summary>
    public static IEnumerable<DriverStep> SyncGlobal() => Wait(R.GlobalSync, R.GlobalSyncStatus);

    // tlb_add_page.
    private static IEnumerable<DriverStep> Pages(DriverState state, ArmSmmuDomain domain, Invalidation request)
    {
        if (domain.Stage == ArmSmmuStage.Stage1)
            return Addresses(state, domain, request, R.TlbiAddressLast);
        if (state.Features.Version == 2)
            return Intermediates(state, domain, request, R.TlbiIntermediateLast);
        return Enumerable.Range(0, (int)(request.Size / request.Granule)).Select(_ => DriverStep.Write(R.TlbiVmid, domain.Identifier));
    }

    // tlb_flush_walk.
    private static IEnumerable<DriverStep> Walk(DriverState state, ArmSmmuDomain domain, Invalidation request)
    {
        var stage1 = domain.Stage == ArmSmmuStage.Stage1;
        var whole = stage1 ? state.Options.Model == ArmSmmuModel.Qualcomm : state.Features.Version == 1;
        if (whole)
            return Everything(state, domain);
        var addresses = stage1 ? Addresses(state, domain, request, R.TlbiAddress) : Intermediates(state, domain, request, R.TlbiIntermediate);
        return addresses.Concat(SyncBank(state, domain));
    }

    private static IEnumerable<DriverStep> Addresses(DriverState state, ArmSmmuDomain domain, Invalidation request, ulong register)
    {
        for (var iova = request.Iova; iova - request.Iova < request.Size; iova += request.Granule)
        {
            yield return domain.Is64Bit
                ? DriverStep.Write(Bank(state, domain) + register, (iova >> 12) | (ulong)domain.Identifier << 48, 8)
                : DriverStep.Write(Bank(state, domain) + register, (uint)(iova & ~0xfffUL) | domain.Identifier);
        }
    }

    private static IEnumerable<DriverStep> Intermediates(DriverState state, ArmSmmuDomain domain, Invalidation request, ulong register)
    {
        for (var iova = request.Iova; iova - request.Iova < request.Size; iova += request.Granule)
            yield return DriverStep.Write(Bank(state, domain) + register, iova >> 12, domain.Is64Bit ? 8 : 4);
    }

    private static IEnumerable<DriverStep> SyncBank(DriverState state, ArmSmmuDomain domain) =>
        Wait(Bank(state, domain) + R.TlbSync, Bank(state, domain) + R.TlbStatus);

    // A wait that never ends is reported and forgotten.
    private static IEnumerable<DriverStep> Wait(ulong sync, ulong status)
    {
        yield return DriverStep.Write(sync, Any);
        for (var reads = 0; reads < SyncReads; reads++)
        {
            var active = DriverStep.Read(status);
            yield return active;
            if ((active.Value & 1) == 0)
                yield break;
        }
    }

    private static ulong Bank(DriverState state, ArmSmmuDomain domain) => state.Features.Layout.Bank(domain.Bank);
}
