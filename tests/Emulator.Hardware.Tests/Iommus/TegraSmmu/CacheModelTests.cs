using CsCheck;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.TegraSmmu;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.TegraSmmu;

/// <summary>The two caches: stale until flushed, each for itself.</summary>
public sealed class CacheModelTests
{
    private const ulong Page = 0x1000;

    // Pages of two sections, several to an atom and to a group.
    private static readonly ulong[] Pages = [0x0040_0000, 0x0040_1000, 0x0040_4000, 0x0041_0000, 0x0080_0000, 0x0080_3000];

    private static readonly Gen<(int Kind, int Page, int Frame)[]> Histories =
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, Pages.Length - 1], Gen.Int[1, 1000], (kind, page, frame) => (kind, page, frame)).Array[1, 60];

    [Theory]
    [MemberData(nameof(SmmuRig.Cases), MemberType = typeof(SmmuRig))]
    public void With_the_driver_s_own_flushes_a_DMA_always_lands_where_the_tables_say(string variant, KernelVersion kernel) => Histories.Sample(
        history =>
        {
            using var rig = SmmuRig.Of(variant, kernel, new TegraSmmuOptions { Iotlb = IotlbGeometry.WithoutLimit });
            var domain = rig.Allocate();
            rig.Run(rig.Driver.Attach(domain, SmmuRig.DisplayDevice));
            var mapped = new Dictionary<ulong, (ulong Frame, bool Write)>();
            foreach (var (kind, page, frame) in history)
            {
                var iova = Pages[page];
                switch (kind)
                {
                    case 0:
                        var write = frame % 2 == 0;
                        Assert.Equal(0, rig.Run(rig.Driver.Map(domain, iova, (ulong)frame * Page, Page, write ? Protection.Read | Protection.Write : Protection.Read)));
                        mapped[iova] = ((ulong)frame * Page, write);
                        break;
                    case 1:
                        Assert.Equal(mapped.Remove(iova) ? (long)Page : 0, rig.Run(rig.Driver.Unmap(domain, iova, Page)));
                        break;
                    default:
                        var access = kind == 3 ? DmaAccess.Write : DmaAccess.Read;
                        var found = mapped.TryGetValue(iova, out var entry);
                        Assert.Equal(found && (entry.Write || access == DmaAccess.Read) ? entry.Frame + 8 : (ulong?)null, rig.Dma(iova + 8, access));
                        break;
                }
            }
        },
        iter: 100);

    [Fact]
    public void Either_cache_alone_keeps_an_old_translation_alive()
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Attached();
        rig.Dma();
        var entry = domain.Tables!.Unmap(SmmuRig.MappedIova, Page, 1, new InvalidationGather());
        Assert.Equal(Page, entry);

        rig.Write(TegraSmmuRegisters.PtcFlush, 0);
        Assert.Equal(0, rig.Smmu.CachedAtoms);
        Assert.Equal(SmmuRig.PageA, rig.Dma());
        rig.Write(TegraSmmuRegisters.TlbFlush, 0);
        Assert.Null(rig.Dma());

        using var other = SmmuRig.Of("tegra30");
        domain = other.Attached();
        other.Dma();
        domain.Tables!.Unmap(SmmuRig.MappedIova, Page, 1, new InvalidationGather());
        other.Write(TegraSmmuRegisters.TlbFlush, 0);
        Assert.Equal(0, other.Smmu.Iotlb!.Count);
        Assert.Equal(SmmuRig.PageA, other.Dma());
        other.Write(TegraSmmuRegisters.PtcFlush, 0);
        other.Write(TegraSmmuRegisters.TlbFlush, 0);
        Assert.Null(other.Dma());
    }

    [Fact]
    public void The_page_table_cache_remembers_that_there_was_nothing()
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Attached();
        Assert.Null(rig.Dma(SmmuRig.MappedIova + Page));

        domain.Tables!.Map(SmmuRig.MappedIova + Page, SmmuRig.PageB, Page, 1, Protection.Read, new InvalidationGather());

        Assert.Null(rig.Dma(SmmuRig.MappedIova + Page));
        rig.Write(TegraSmmuRegisters.PtcConfig, 0);
        Assert.Equal(SmmuRig.PageB, rig.Dma(SmmuRig.MappedIova + Page));
    }

    [Theory]
    [InlineData(TegraSmmuRegisters.FlushGroup, 0x8000_0000UL, 0x8000_0000UL, 0x8000_3fffUL)]
    [InlineData(TegraSmmuRegisters.FlushGroup, 0x8000_7000UL, 0x8000_4000UL, 0x8000_7fffUL)]
    [InlineData(TegraSmmuRegisters.FlushSection, 0x8012_3000UL, 0x8000_0000UL, 0x803f_ffffUL)]
    [InlineData(0u, 0UL, 0UL, ulong.MaxValue)]
    public void A_flush_of_one_ASID_drops_its_range_and_leaves_the_same_range_of_others(uint match, ulong iova, ulong first, ulong last)
    {
        foreach (var hardware in TegraSmmuHardware.All)
        {
            Assert.True(TegraSmmuRegisters.DecodeTlbFlush(hardware, TegraSmmuRegisters.EncodeTlbFlush(hardware, 2, match, iova), out var dropped));
            Assert.Equal(new TegraSmmuTlbMatch(2, first, last), dropped);
        }

        using var rig = SmmuRig.Of("tegra30");
        rig.Attached();
        var b = rig.Attached(SmmuRig.PageB, SmmuRig.AudioDevice);
        rig.Dma();
        rig.Dma(client: SmmuRig.Audio);
        rig.Write(TegraSmmuRegisters.TlbFlush, TegraSmmuRegisters.EncodeTlbFlush(rig.Hardware, b.Asid, match, iova));
        Assert.Equal(SmmuRig.MappedIova >= first && SmmuRig.MappedIova <= last ? 1 : 2, rig.Smmu.Iotlb!.Count);
        b.Tables!.Unmap(SmmuRig.MappedIova, Page, 1, new InvalidationGather());
        Assert.Equal(SmmuRig.PageA, rig.Dma());
    }

    [Fact]
    public void A_flush_whose_ASID_stands_where_the_other_chips_have_it_misses()
    {
        using var rig = SmmuRig.Of("tegra124");
        rig.Attached();
        var b = rig.Attached(SmmuRig.PageB, SmmuRig.AudioDevice);
        rig.Dma(client: SmmuRig.Audio);

        rig.Write(TegraSmmuRegisters.TlbFlush, TegraSmmuRegisters.EncodeTlbFlush(TegraSmmuHardware.Tegra30, b.Asid));
        Assert.Equal(1, rig.Smmu.Iotlb!.Count);
        rig.Write(TegraSmmuRegisters.TlbFlush, TegraSmmuRegisters.EncodeTlbFlush(rig.Hardware, b.Asid));
        Assert.Equal(0, rig.Smmu.Iotlb!.Count);
    }

    [Fact]
    public void PTB_DATA_is_that_of_the_selected_ASID()
    {
        using var rig = SmmuRig.Of("tegra30");
        var a = rig.Attached();
        var b = rig.Attached(SmmuRig.PageB, SmmuRig.AudioDevice);

        rig.Write(TegraSmmuRegisters.PtbAsid, (uint)a.Asid);
        Assert.Equal((uint)(a.Tables!.Directory >> 12) | TegraSmmuEntry.TableAttributes, rig.Read(TegraSmmuRegisters.PtbData));
        rig.Write(TegraSmmuRegisters.PtbAsid, (uint)b.Asid);
        Assert.Equal((uint)(b.Tables!.Directory >> 12) | TegraSmmuEntry.TableAttributes, rig.Read(TegraSmmuRegisters.PtbData));
    }

    [Fact]
    public void Translation_allocates_nothing()
    {
        using var rig = SmmuRig.Of("tegra124");
        rig.Attached();
        var requests = new DmaRequest[256];
        for (var i = 0; i < requests.Length; i++)
            requests[i] = new DmaRequest(new StreamId((uint)(i % 3) + 1), new Iova(SmmuRig.MappedIova + ((ulong)(i % 2) * Page)), DmaAccess.Read);
        var completions = new DmaCompletion[requests.Length];
        rig.Smmu.Translate(requests, completions);

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                rig.Smmu.Translate(requests, completions);
        }));
    }
}
