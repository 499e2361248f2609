using CsCheck;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.Omap;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Omap;

public sealed class TlbTests
{
    private const ulong Other = 0x2000_0000;

    [Theory]
    [InlineData(12, 2u)]
    [InlineData(16, 1u)]
    [InlineData(20, 0u)]
    [InlineData(24, 3u)]
    public void A_walk_leaves_an_entry_that_software_can_read(int shift, uint size)
    {
        using var rig = OmapRig.Of("tlb32");
        var domain = rig.Attached();
        rig.Map(domain, 0x8300_0000, 0x4500_0000, 1UL << shift);
        rig.Write(OmapRegisters.Lock, OmapRegisters.EncodeLock(0, 9));

        Assert.Equal(0x4500_0010UL, rig.Dma(0x8300_0010));

        Assert.Equal(OmapRegisters.EncodeLock(0, 10), rig.Read(OmapRegisters.Lock));
        rig.Write(OmapRegisters.Lock, OmapRegisters.EncodeLock(0, 9));
        Assert.Equal(0x8300_0004u | size, rig.Read(OmapRegisters.ReadCam));
        Assert.Equal(0x4500_0000u, rig.Read(OmapRegisters.ReadRam));
    }

    [Fact]
    public void An_entry_answers_until_it_is_flushed()
    {
        using var rig = OmapRig.Of("tlb32");
        var domain = rig.Attached();
        rig.Dma();
        domain.Tables!.Unmap(OmapRig.Page, 0x1000, 1, new InvalidationGather());
        domain.Tables.Map(OmapRig.Page, Other, 0x1000, 1, Protection.Read, new InvalidationGather());

        Assert.Equal(OmapRig.Frame, rig.Dma());
        rig.Write(OmapRegisters.Cam, (uint)OmapRig.Page);
        rig.Write(OmapRegisters.FlushEntry, 1);
        Assert.Equal(Other, rig.Dma());
    }

    [Fact]
    public void Between_the_clearing_of_an_entry_and_the_end_of_the_scan_a_DMA_still_lands_in_the_old_page()
    {
        using var rig = OmapRig.Of("tlb8");
        var domain = rig.Attached();
        rig.Dma();
        var landings = new List<ulong?>();

        rig.Run(rig.Driver.Unmap(domain, OmapRig.Page, 0x1000), _ => landings.Add(rig.Dma()));

        Assert.Equal(OmapRig.Frame, landings[0]);
        Assert.Null(landings[^1]);
    }

    [Fact]
    public void Software_can_do_without_tables()
    {
        using var rig = OmapRig.Of("tlb8");
        rig.Write(OmapRegisters.Control, OmapRegisters.MmuEnable);

        rig.Load(2, OmapRegisters.EncodeCam(0x7000_0000, 20), 0x1230_0000);

        Assert.Equal(0x123f_fff0UL, rig.Dma(0x700f_fff0));
        Assert.Null(rig.Dma(0x7010_0000));
    }

    [Fact]
    public void A_global_flush_leaves_locked_and_preserved_entries()
    {
        using var rig = OmapRig.Of("tlb8");
        rig.Write(OmapRegisters.Control, OmapRegisters.MmuEnable);
        rig.Load(0, OmapRegisters.EncodeCam(0x1000_0000, 12), Other);
        rig.Load(3, OmapRegisters.EncodeCam(0x2000_0000, 12) | OmapRegisters.CamPreserved, Other);
        rig.Load(4, OmapRegisters.EncodeCam(0x3000_0000, 12), Other);
        rig.Write(OmapRegisters.Lock, OmapRegisters.EncodeLock(1, 1));

        rig.Write(OmapRegisters.GlobalFlush, 1);

        Assert.Equal((ulong?[])[Other, Other, null], new ulong[] { 0x1000_0000, 0x2000_0000, 0x3000_0000 }.Select(iova => rig.Dma(iova)));
        rig.Write(OmapRegisters.Cam, 0x2000_0000);
        rig.Write(OmapRegisters.FlushEntry, 1);
        Assert.Null(rig.Dma(0x2000_0000));
        rig.Write(OmapRegisters.Lock, 0);
        rig.Write(OmapRegisters.GlobalFlush, 1);
        Assert.Null(rig.Dma(0x1000_0000));
    }

    [Fact]
    public void Walks_replace_unlocked_entries_in_turn()
    {
        using var rig = OmapRig.Of("tlb8");
        var domain = rig.Attached();
        rig.Map(domain, 0x4000_0000, 0x1000_0000, 0xc000);
        rig.Load(0, OmapRegisters.EncodeCam(0x7000_0000, 12), Other);
        rig.Write(OmapRegisters.Lock, OmapRegisters.EncodeLock(1, 7));

        for (var page = 0UL; page < 9; page++)
            Assert.Equal(0x1000_0000 + (page << 12), rig.Dma(0x4000_0000 + (page << 12)));

        Assert.Equal(Other, rig.Dma(0x7000_0000));
        Assert.Equal(OmapRegisters.EncodeLock(1, 2), rig.Read(OmapRegisters.Lock));
        var cams = new List<uint>();
        for (var i = 1; i < 8; i++)
        {
            rig.Write(OmapRegisters.Lock, OmapRegisters.EncodeLock(1, i));
            cams.Add(rig.Read(OmapRegisters.ReadCam) >> 12);
        }

        Assert.Equal([0x40008u, 0x40002, 0x40003, 0x40004, 0x40005, 0x40006, 0x40007], cams);
        rig.Write(OmapRegisters.Lock, OmapRegisters.EncodeLock(1, 20));
        Assert.Equal(0u, rig.Read(OmapRegisters.ReadCam));
    }

    [Fact]
    public void The_scan_flushes_the_first_of_several_matching_entries_only_where_they_differ_in_address()
    {
        using var rig = OmapRig.Of("tlb8");
        var domain = rig.Attached();
        rig.Load(1, OmapRegisters.EncodeCam(0x7000_0000, 16), 0x1000_0000);
        rig.Load(4, OmapRegisters.EncodeCam(0x7000_3000, 12), 0x2000_0000);

        rig.Run(rig.Driver.UnmapPage(domain, 0x7000_3000));

        // Entry 1 was found, and its own first address flushed: entry 4 lies elsewhere in that page.
        Assert.Equal(0x2000_0000UL, rig.Dma(0x7000_3000));
        Assert.Equal(1, OmapRegisters.LockVictim(rig.Read(OmapRegisters.Lock)));
    }

    [Fact]
    public void A_domain_that_is_suspended_gets_its_locked_entries_back()
    {
        using var rig = OmapRig.Of("tlb8");
        rig.Attached();
        rig.Load(0, OmapRegisters.EncodeCam(0x7000_0000, 12), Other, locked: 1);
        rig.Write(OmapRegisters.Lock, OmapRegisters.EncodeLock(1, 1));

        rig.Run(rig.Driver.SuspendDevice(rig.Device));
        Assert.Equal(0x7000_0000UL, rig.Dma(0x7000_0000));
        rig.Write(OmapRegisters.Lock, 0);
        rig.Write(OmapRegisters.GlobalFlush, 1);
        rig.Run(rig.Driver.ResumeDevice(rig.Device));

        Assert.Equal(Other, rig.Dma(0x7000_0000));
        Assert.Equal(OmapRegisters.EncodeLock(1, 1), rig.Read(OmapRegisters.Lock));
        Assert.Equal(OmapRig.Frame, rig.Dma());
    }

    [Theory]
    [InlineData("tlb8")]
    [InlineData("tlb32")]
    [InlineData("dra7_dsp")]
    public void Under_the_driver_a_DMA_always_lands_where_the_last_map_said(string variant) =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 5], Gen.Int[1, 200], (kind, page, frame) => (kind, page, frame)).Array[1, 40].Sample(
            history =>
            {
                using var rig = OmapRig.Of(variant);
                var domain = rig.Domain();
                rig.Run(rig.Driver.Attach(domain, rig.Device));
                var pages = new Dictionary<int, ulong>();
                foreach (var (kind, page, frame) in history)
                {
                    var iova = 0x4000_0000UL + ((ulong)page << 12);
                    switch (kind)
                    {
                        case 0:
                            pages[page] = (ulong)frame << 12;
                            Assert.Equal(0, rig.Map(domain, iova, pages[page], 0x1000));
                            break;
                        case 1:
                            rig.Run(rig.Driver.Unmap(domain, iova, 0x1000));
                            pages.Remove(page);
                            break;
                        default:
                            for (var unit = 0; unit < rig.Units.Length; unit++)
                                Assert.Equal(pages.TryGetValue(page, out var expected) ? expected + 4 : (ulong?)null, rig.Dma(iova + 4, unit));
                            break;
                    }
                }
            },
            iter: 100);

    [Theory]
    [InlineData("tlb8")]
    [InlineData("tlb32")]
    public void Translation_allocates_nothing(string variant)
    {
        using var rig = OmapRig.Of(variant);
        var domain = rig.Attached();
        rig.Map(domain, 0x4000_0000, 0x1000_0000, 0x40_000);
        var requests = new DmaRequest[256];
        for (var i = 0; i < requests.Length; i++)
            requests[i] = new DmaRequest(new StreamId(0), new Iova(0x4000_0000 + ((ulong)(i % 70) << 12)), DmaAccess.Read);
        var completions = new DmaCompletion[requests.Length];
        rig.Mmu.Translate(requests, completions);

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                rig.Mmu.Translate(requests, completions);
        }));
    }
}
