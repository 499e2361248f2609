using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>The steps <c>map</c> and <c>unmap</c> of a recorded life, for drivers whose page-table code invalidates in the middle of a call: what it asks for is
/// done there and then, so the stores after it are compared after it.</summary>
/// <param name="life">The life.</param>
/// <param name="run">Where disagreements go.</param>
/// <param name="driver">The driver.</param>
/// <param name="invalidate">The driver's tlb_flush_walk and, where <paramref name="pagesAtOnce"/>, tlb_add_page.</param>
/// <param name="pagesAtOnce">The driver's tlb_add_page writes registers.</param>
public sealed class RecordedPaging(
    RecordedLife life, VectorRun run, IIommuDriver driver, Func<IommuDomain, Invalidation, IEnumerable<DriverStep>> invalidate, bool pagesAtOnce = false)
{
    /// <summary>Performs and compares a <c>map</c>: through the core (with iotlb_sync of what a failure takes back), or the driver's callback alone.</summary>
    public void Map(JsonElement step, IommuDomain domain)
    {
        var args = step.GetProperty("args");
        var gather = Gather(domain);
        var (iova, physical, protection) = (args.Word("iova"), args.Word("pa"), (Protection)args.Word("prot"));
        if (args.Text("via") != "core")
        {
            var one = domain.PageTable!.Map(iova, physical, args.Word("pgsize"), args.Word("count"), protection, gather);
            life.CheckResult(step, -(long)one.Errno);
            if (args.TryGetProperty("mapped", out var mapped))
                run.Check("mapped", mapped.Word(), one.Mapped);
            return;
        }

        var size = args.Word("size");
        var result = DomainPaging.Map(domain.PageTable!, iova, physical, size, protection, gather);
        if (result.Errno == Errno.None)
            life.Perform(driver.SyncMap(domain, new Iova(iova), size, gather));
        else if (((iova | physical | size) & 0xfff) == 0)
            life.Perform(driver.Sync(domain, gather));
        life.CheckResult(step, -(long)result.Errno);
    }

    /// <summary>Performs and compares an <c>unmap</c>: through the core (with iotlb_sync), or the driver's callback alone.</summary>
    public void Unmap(JsonElement step, IommuDomain domain)
    {
        var args = step.GetProperty("args");
        var gather = Gather(domain);
        var iova = args.Word("iova");
        if (args.Text("via") != "core")
        {
            life.CheckResult(step, (long)domain.PageTable!.Unmap(iova, args.Word("pgsize"), args.Word("count"), gather));
            return;
        }

        var unmapped = DomainPaging.Unmap(domain.PageTable!, iova, args.Word("size"), gather);
        life.Perform(driver.Sync(domain, gather));
        life.CheckResult(step, (long)unmapped);
    }

    private InvalidationGather Gather(IommuDomain domain)
    {
        void Invalidate(Invalidation request) => life.Perform(invalidate(domain, request));
        return new InvalidationGather { InvalidateWalk = Invalidate, InvalidatePage = pagesAtOnce ? Invalidate : null };
    }
}
