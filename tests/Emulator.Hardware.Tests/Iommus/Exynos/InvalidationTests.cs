using CsCheck;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Exynos;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.Exynos;

public sealed class InvalidationTests
{
    private const ulong NextPage = ExynosRig.MappedIova + 0x1000;

    private static readonly Gen<(int Kind, int Page, int Frame)[]> Histories =
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 47], Gen.Int[1, 500], (kind, page, frame) => (kind, page, frame)).Array[1, 60];

    [Theory]
    [MemberData(nameof(ExynosRig.Cases), MemberType = typeof(ExynosRig))]
    public void An_entry_of_the_TLB_answers_until_an_unmap_flushes_it(string variant, KernelVersion kernel)
    {
        using var rig = ExynosRig.Of(variant, kernel);
        var domain = rig.Attached();
        rig.Map(domain, NextPage, ExynosRig.PageB);
        rig.Dma();
        rig.Dma(NextPage);
        domain.Tables!.Unmap(ExynosRig.MappedIova, 0x1000, 1, new InvalidationGather());
        Assert.Equal(ExynosRig.PageA, rig.Dma());

        var writes = rig.Writes(rig.Driver.Unmap(domain, ExynosRig.MappedIova, 0x1000));

        Assert.Equal([(0UL, 7UL), (rig.Hardware.Layout.FlushEntry, ExynosRig.MappedIova | 1), (0UL, 5UL)], writes);
        Assert.Equal(ExynosRig.PageB, rig.Dma(NextPage));
        Assert.Null(rig.Dma());
    }

    [Theory]
    [InlineData("v1", 0x10000, 1)]
    [InlineData("v1", 0x100000, 1)]
    [InlineData("v2", 0x1000, 1)]
    [InlineData("v2", 0x10000, 16)]
    [InlineData("v2", 0x100000, 64)]
    [InlineData("v3.3", 0x100000, 1)]
    [InlineData("v7vm", 0x10000, 1)]
    public void One_flush_is_enough_but_on_v2(string variant, ulong size, int flushes)
    {
        using var rig = ExynosRig.Of(variant, options: new ExynosOptions { Iotlb = IotlbGeometry.WithoutLimit });
        var domain = rig.Attached();
        const ulong Iova = 0x7000_0000;
        rig.Map(domain, Iova, 0x5000_0000, size);
        for (var page = 0UL; page < size; page += 0x1000)
            Assert.Equal(0x5000_0000 + page, rig.Dma(Iova + page));

        var writes = rig.Writes(rig.Driver.Unmap(domain, Iova, size)).Where(write => write.Offset == rig.Hardware.Layout.FlushEntry).ToList();

        Assert.Equal(Enumerable.Range(0, flushes).Select(i => Iova + ((ulong)i << 12) | 1), writes.Select(write => write.Value));
        Assert.Equal(0, rig.Units[0].Iotlb!.Count);
    }

    [Fact]
    public void On_v2_a_flush_looks_in_one_set_only()
    {
        using var rig = ExynosRig.Of("v2");
        var domain = rig.Attached();
        rig.Map(domain, 0x7000_0000, 0x5000_0000, 0x100000);
        rig.Dma(0x7000_3000);
        rig.Dma(0x7000_4000);
        Assert.Equal(2, rig.Units[0].Iotlb!.Count);
        // Set 3 of 64, as the page 64 pages further is.
        rig.Write(rig.Hardware.Layout.FlushEntry, 0x7004_3001);
        Assert.Equal(1, rig.Units[0].Iotlb!.Count);
        rig.Write(rig.Hardware.Layout.FlushEntry, 0x7004_4000);
        Assert.Equal(1, rig.Units[0].Iotlb!.Count);
    }

    [Fact]
    public void A_block_that_never_takes_effect_leaves_the_flush_out_in_silence()
    {
        using var rig = ExynosRig.Of("v5");
        var domain = rig.Attached();
        rig.Dma();
        var (reads, writes) = (0, new List<ulong>());
        foreach (var step in rig.Driver.Unmap(domain, ExynosRig.MappedIova, 0x1000))
        {
            if (step.Kind == DriverStepKind.Return)
            {
                Assert.Equal(0x1000, step.Result);
                break;
            }

            rig.Bus.Perform(step);
            if (step.Kind == DriverStepKind.WriteRegister)
                writes.Add(step.Value);
            else
                (step.Value, reads) = (0, reads + 1);
        }

        Assert.Equal(121, reads);
        Assert.Equal([7UL, 5UL], writes);
        Assert.Equal(ExynosRig.PageA, rig.Dma());
    }

    [Theory]
    [InlineData("v1", true, new uint[0])]
    [InlineData("v3.2", false, new uint[0])]
    [InlineData("v3.3", true, new uint[] { 0x10 })]
    [InlineData("v5", true, new uint[] { 0x10 })]
    [InlineData("v7", true, new uint[] { 0x10 })]
    [InlineData("v7vm", true, new uint[] { 0x8010 })]
    public void A_cached_link_to_the_zero_table_hides_new_mappings_unless_the_map_flushes_it(string variant, bool visible, uint[] flushes)
    {
        using var rig = ExynosRig.Of(variant);
        var domain = rig.Attached();
        const ulong Iova = 0x7000_0000;
        Assert.Null(rig.Dma(Iova));
        rig.Run(rig.Driver.HandleInterrupt());

        var writes = rig.Writes(rig.Driver.Map(domain, Iova, ExynosRig.PageB, 0x1000, Protection.Read | Protection.Write));

        Assert.Equal(flushes.Select(offset => (ulong)offset), writes.Where(write => write.Offset != 0).Select(write => write.Offset));
        Assert.Equal(visible ? ExynosRig.PageB : null, rig.Dma(Iova));
    }

    [Theory]
    [InlineData("v3.1", true)]
    [InlineData("v3.3", false)]
    [InlineData("v5", false)]
    public void The_flush_after_a_section_over_a_zero_link_never_runs(string variant, bool visible)
    {
        using var rig = ExynosRig.Of(variant);
        var domain = rig.Attached();
        Assert.Null(rig.Dma(0x7000_0000));
        rig.Run(rig.Driver.HandleInterrupt());
        Assert.Empty(rig.Writes(rig.Driver.Map(domain, 0x7000_0000, 0x5000_0000, 0x100000, Protection.Read | Protection.Write)));
        Assert.Equal(visible ? 0x5000_0000 : null, rig.Dma(0x7000_0000));
    }

    [Theory]
    [InlineData("v3.3", null, true)]
    [InlineData("v5", null, false)]
    [InlineData("v5", true, true)]
    [InlineData("v3.3", false, false)]
    public void Whether_an_entry_flush_drops_the_first_level_word_is_an_option(string variant, bool? option, bool dropped)
    {
        using var rig = ExynosRig.Of(variant, options: new ExynosOptions { EntryFlushDropsFlpd = option });
        var domain = rig.Attached();
        rig.Dma();
        rig.Memory.Write32(domain.Tables!.Root + ((ExynosRig.MappedIova >> 20) * 4), rig.Hardware.IsShifted ? (0x5000_0000 >> 4) | 0x32u : 0x5000_0402);
        rig.Write(rig.Hardware.Layout.FlushEntry, (uint)ExynosRig.MappedIova | 1);
        Assert.Equal(dropped ? 0x5000_0000 + (ExynosRig.MappedIova & 0xfffff) : ExynosRig.PageA, rig.Dma());
    }

    [Theory]
    [InlineData("v5")]
    [InlineData("v7vm")]
    public void A_range_is_flushed_from_its_first_to_its_last_page(string variant)
    {
        using var rig = ExynosRig.Of(variant);
        var domain = rig.Attached();
        rig.Map(domain, 0x7000_0000, 0x5000_0000, 0x4000);
        for (var page = 0UL; page < 4; page++)
            rig.Dma(0x7000_0000 + (page << 12));
        rig.Write(rig.Hardware.Layout.FlushStart, 0x7000_1000);
        rig.Write(rig.Hardware.Layout.FlushEnd, 0x7000_2000);
        Assert.Equal(4, rig.Units[0].Iotlb!.Count);
        rig.Write(rig.Hardware.Layout.FlushRange, 1);
        Assert.Equal(2, rig.Units[0].Iotlb!.Count);
        domain.Tables!.Unmap(0x7000_1000, 0x1000, 1, new InvalidationGather());
        Assert.Null(rig.Dma(0x7000_1000));
    }

    [Theory]
    [InlineData("v2")]
    [InlineData("v3.3")]
    [InlineData("v5")]
    public void Mappings_made_beside_the_driver_are_flushed_by_its_sync(string variant)
    {
        using var rig = ExynosRig.Of(variant);
        var domain = rig.Attached();
        Assert.Null(rig.Dma(0x7000_0000));
        rig.Run(rig.Driver.HandleInterrupt());
        var gather = new InvalidationGather();
        DomainPaging.Map(domain.Tables!, 0x7000_0000, 0x5000_0000, 0x12000, Protection.Read, gather);
        rig.Run(rig.Driver.SyncMap(domain, new Iova(0x7000_0000), 0x12000, gather));
        Assert.Equal(0x5000_0000UL, rig.Dma(0x7000_0000));
        Assert.Equal(0x5001_1000UL, rig.Dma(0x7001_1000));

        gather = new InvalidationGather();
        Assert.Equal(0x12000UL, DomainPaging.Unmap(domain.Tables!, 0x7000_0000, 0x12000, gather));
        rig.Run(rig.Driver.Sync(domain, gather));
        Assert.Equal(0, rig.Units[0].Iotlb!.Count);
    }

    // With all caches unlimited: whatever the driver maps and unmaps, a DMA lands where the tables say.
    [Theory]
    [InlineData("v1")]
    [InlineData("v2")]
    [InlineData("v3.3")]
    [InlineData("v5")]
    [InlineData("v7vm")]
    public void What_the_driver_maps_and_unmaps_is_what_DMA_sees(string variant) => Histories.Sample(
        history =>
        {
            using var rig = ExynosRig.Of(variant, options: new ExynosOptions { Iotlb = IotlbGeometry.WithoutLimit });
            var domain = rig.Attached();
            var pages = new Dictionary<ulong, (ulong Frame, bool Write)>();
            foreach (var (kind, page, frame) in history)
            {
                var (large, write) = (kind == 1, frame % 2 == 0);
                var iova = 0x7000_0000 + ((ulong)(page % 24) << (large ? 16 : 12));
                var covered = Enumerable.Range(0, large ? 16 : 1).Select(i => iova + ((ulong)i << 12)).ToList();
                switch (kind)
                {
                    case 0 or 1:
                        var physical = 0x2000_0000 + ((ulong)frame << 16);
                        var result = rig.Run(rig.Driver.MapPage(
                            domain, iova, physical, large ? 0x10000UL : 0x1000, write ? Protection.Read | Protection.Write : Protection.Read));
                        Assert.Equal(covered.Exists(pages.ContainsKey) ? -(long)Errno.EADDRINUSE : 0, result);
                        if (result == 0)
                            covered.ForEach(each => pages[each] = (physical + (each - iova), write));
                        else if (large)
                            return;
                        break;
                    case 2:
                        var size = (ulong)rig.Run(rig.Driver.UnmapPage(domain, iova, 0x1000));
                        if (size != 0)
                            pages.Remove(iova);
                        break;
                    default:
                        var access = kind == 3 ? DmaAccess.Write : DmaAccess.Read;
                        var allowed = pages.TryGetValue(iova, out var mapped) && (mapped.Write || access == DmaAccess.Read);
                        Assert.Equal(allowed ? mapped.Frame + 8 : (ulong?)null, rig.Dma(iova + 8, access));
                        rig.Run(rig.Driver.HandleInterrupt());
                        break;
                }
            }
        },
        iter: 200);

    [Theory]
    [InlineData("v1")]
    [InlineData("v2")]
    [InlineData("v7vm")]
    public void Translation_allocates_nothing(string variant)
    {
        using var rig = ExynosRig.Of(variant);
        rig.Attached();
        var requests = new DmaRequest[256];
        for (var i = 0; i < requests.Length; i++)
            requests[i] = new DmaRequest(new StreamId(0), new Iova(ExynosRig.MappedIova + (ulong)(i % 8 == 7 ? 0x4000 : i)), DmaAccess.Read);
        var (completions, resumed) = (new DmaCompletion[requests.Length], new ResumedDma[requests.Length]);
        void Round()
        {
            rig.Units[0].Translate(requests, completions);
            while (rig.Units[0].InterruptAsserted)
                rig.ClearFault();
            rig.Units[0].TakeResumed(resumed);
        }

        Round();
        Assert.Equal(DmaStatus.Stalled, completions[^1].Status);
        Assert.Contains(resumed, dma => dma.Completion.Status == DmaStatus.Completed);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 50; i++)
                Round();
        }));
    }
}
