using CsCheck;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.AppleDart;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.AppleDart;

/// <summary>Random histories of maps, unmaps, invalidations and DMAs against a dictionary of pages and one of cached pages.</summary>
public sealed class TlbModelTests
{
    private const ulong Page = 1 << 14;

    private static readonly Gen<(int Kind, int Page, int Frame)[]> Histories =
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 7], Gen.Int[1, 1000], (kind, page, frame) => (kind, page, frame)).Array[1, 60];

    [Theory]
    [MemberData(nameof(DartRig.Cases), MemberType = typeof(DartRig))]
    public void A_DMA_lands_where_the_TLB_remembers_or_else_where_the_tables_say(string variant, KernelVersion kernel) => Histories.Sample(
        history =>
        {
            using var rig = DartRig.Of(variant, kernel, new AppleDartOptions { Iotlb = IotlbGeometry.WithoutLimit });
            var domain = rig.Attached();
            var tables = new Dictionary<ulong, (ulong Frame, bool Write)> { [DartRig.MappedIova] = (DartRig.PageA, true) };
            var cached = new Dictionary<ulong, (ulong Frame, bool Write)>();
            foreach (var (kind, page, frame) in history)
            {
                var iova = (ulong)page * Page;
                switch (kind)
                {
                    case 0:
                        var write = frame % 2 == 0;
                        var mapped = domain.Tables!.Map(
                            iova, (ulong)frame * Page, Page, 1, write ? Protection.Read | Protection.Write : Protection.Read, new InvalidationGather());
                        Assert.Equal(tables.TryAdd(iova, ((ulong)frame * Page, write)) ? Errno.None : Errno.EEXIST, mapped.Errno);
                        break;
                    case 1:
                        Assert.Equal(tables.Remove(iova) ? Page : 0, domain.Tables!.Unmap(iova, Page, 1, new InvalidationGather()));
                        break;
                    case 2:
                        rig.Run(rig.Driver.FlushAll(domain));
                        cached.Clear();
                        break;
                    default:
                        var access = kind == 3 ? DmaAccess.Write : DmaAccess.Read;
                        var found = cached.TryGetValue(iova, out var entry) || tables.TryGetValue(iova, out entry);
                        if (found)
                            cached[iova] = entry;
                        Assert.Equal(found && (entry.Write || access == DmaAccess.Read) ? entry.Frame + 8 : (ulong?)null, rig.Dma(iova + 8, access));
                        break;
                }
            }
        },
        iter: 200);

    [Fact]
    public void Translation_allocates_nothing()
    {
        using var rig = DartRig.Of("t8103", KernelVersion.Linux61);
        rig.Attached();
        var requests = new DmaRequest[256];
        for (var i = 0; i < requests.Length; i++)
            requests[i] = new DmaRequest(new StreamId((uint)(i % 3) + 4), new Iova(DartRig.MappedIova + (ulong)((i % 2) * 0x4000)), DmaAccess.Read);
        var completions = new DmaCompletion[requests.Length];
        rig.Dart.Translate(requests, completions);

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                rig.Dart.Translate(requests, completions);
        }));
    }
}
