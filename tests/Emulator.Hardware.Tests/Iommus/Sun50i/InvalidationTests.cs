using CsCheck;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Sun50i;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.Sun50i;

public sealed class InvalidationTests
{
    private const ulong Next = Sun50iRig.MappedIova + 0x1000;

    private static readonly Gen<(int Kind, int Page, int Frame)[]> Histories =
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 9], Gen.Int[1, 500], (kind, page, frame) => (kind, page, frame)).Array[1, 60];

    [Fact]
    public void An_entry_answers_until_an_unmap_flushes_everything()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        rig.Dma();
        domain.Tables!.Unmap(Sun50iRig.MappedIova, 0x1000, 1, new InvalidationGather());
        Assert.Equal(Sun50iRig.PageA, rig.Dma());
        // The macro TLB serves the other masters.
        Assert.Equal(Sun50iRig.PageA, rig.Dma(master: 2));
        Assert.Equal([(0x80UL, 0x3003fUL)], rig.Writes(DomainMapping.Unmap(rig.Driver, domain, Sun50iRig.MappedIova, 0x1000)));
        Assert.Null(rig.Dma());
        Assert.Null(rig.Dma(master: 2));
    }

    [Fact]
    public void TLB_FLUSH_flushes_what_it_names()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        rig.Dma();
        rig.Dma(master: 1);
        domain.Tables!.Unmap(Sun50iRig.MappedIova, 0x1000, 1, new InvalidationGather());

        rig.Write(Sun50iRegisters.TlbFlush, 1 << 1);
        Assert.Equal((1, 1), (rig.Iommu.Iotlb!.Count, rig.Iommu.MacroTlb.Count));
        Assert.Equal(Sun50iRig.PageA, rig.Dma(master: 1));
        rig.Write(Sun50iRegisters.TlbFlush, Sun50iRegisters.MacroTlb | (1 << 1));
        Assert.Equal(Sun50iRig.PageA, rig.Dma());
        Assert.Null(rig.Dma(master: 1));
        Assert.Equal(0u, rig.Read(Sun50iRegisters.TlbFlush));
    }

    [Fact]
    public void The_page_walk_cache_leads_to_the_old_page_table_until_it_is_told()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        rig.Map(domain, Next, Sun50iRig.PageB);
        rig.Dma();
        rig.Memory.Write32(domain.Tables!.Root + ((Next >> 20) * 4), 0);
        Assert.Equal(Sun50iRig.PageB, rig.Dma(Next));

        rig.Write(Sun50iRegisters.TlbFlush, Sun50iRegisters.MacroTlb | 0x3f);
        Assert.Equal(Sun50iRig.PageB, rig.Dma(Next));
        rig.Write(Sun50iRegisters.TlbFlush, Sun50iRegisters.MacroTlb | 0x3f);
        rig.Write(Sun50iRegisters.InvalidateWalkAddress, (uint)(Next & ~0xfffffUL) + 0x100000);
        rig.Write(Sun50iRegisters.InvalidateWalk, 1);
        Assert.Equal(Sun50iRig.PageB, rig.Dma(Next));
        rig.Write(Sun50iRegisters.TlbFlush, Sun50iRegisters.MacroTlb | 0x3f);
        rig.Write(Sun50iRegisters.InvalidateWalkAddress, (uint)Next);
        rig.Write(Sun50iRegisters.InvalidateWalk, 1);
        Assert.Null(rig.Dma(Next));
        Assert.Equal(16, rig.TakeFault().Code);
    }

    [Fact]
    public void An_invalidation_by_address_drops_what_matches_under_its_mask()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        rig.Map(domain, Sun50iRig.MappedIova + 0x1000, Sun50iRig.PageB, 0x3000);
        for (var page = 0UL; page < 4; page++)
            rig.Dma(Sun50iRig.MappedIova + (page << 12));
        Assert.Equal(4, rig.Iommu.MacroTlb.Count);
        Invalidate((uint)Next, 0xfffff000);
        Assert.Equal((3, 3), (rig.Iommu.Iotlb!.Count, rig.Iommu.MacroTlb.Count));
        rig.Write(Sun50iRegisters.Invalidate, 0);
        Assert.Equal(3, rig.Iommu.MacroTlb.Count);
        // 0x12345000 and 0x12346000 to 0x12347000 differ in bit 13 and up from 0x12348000.
        Invalidate(0x12348abc, 0xffff8000);
        Assert.Equal((2, 2), (rig.Iommu.Iotlb!.Count, rig.Iommu.MacroTlb.Count));

        void Invalidate(uint address, uint mask)
        {
            rig.Write(Sun50iRegisters.InvalidateAddress, address);
            rig.Write(Sun50iRegisters.InvalidateMask, mask);
            rig.Write(Sun50iRegisters.Invalidate, 1);
        }
    }

    [Fact]
    public void Invalid_words_are_cached_and_the_map_that_mends_them_drops_them()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        Assert.Null(rig.Dma(Next));
        Assert.Null(rig.Dma(0x7000_0000, master: 1));
        domain.Tables!.Map(Next, Sun50iRig.PageB, 0x1000, 1, Sun50iRig.Both, new InvalidationGather());
        domain.Tables.Map(0x7000_0000, Sun50iRig.PageB, 0x1000, 1, Sun50iRig.Both, new InvalidationGather());
        rig.Pulse(0);
        rig.Pulse(1);
        Assert.Null(rig.Dma(Next));
        Assert.Null(rig.Dma(0x7000_0000, master: 1));
        rig.Run(rig.Driver.SyncMap(domain, new Iova(Next), 0x1000, new InvalidationGather()));
        rig.Run(rig.Driver.SyncMap(domain, new Iova(0x7000_0000), 0x1000, new InvalidationGather()));
        rig.Pulse(0);
        rig.Pulse(1);
        Assert.Equal(Sun50iRig.PageB, rig.Dma(Next));
        Assert.Equal(Sun50iRig.PageB, rig.Dma(0x7000_0000, master: 1));
    }

    [Fact]
    public void In_the_middle_of_a_long_map_a_cached_invalid_word_stays_until_it_has_faulted_again()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        const ulong Middle = Next + 0x5000;
        rig.Dma(Middle);
        rig.Map(domain, Next, Sun50iRig.PageB, 0xa000);
        rig.Pulse(0);
        Assert.Null(rig.Dma(Middle));
        rig.Run(rig.Driver.HandleInterrupt());
        Assert.Equal(Sun50iRig.PageB + 0x5000, rig.Dma(Middle));
    }

    [Fact]
    public void A_TLB_that_is_not_enabled_keeps_nothing()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        rig.Write(Sun50iRegisters.TlbEnable, 0);
        rig.Dma();
        Assert.Equal((0, 0), (rig.Iommu.Iotlb!.Count, rig.Iommu.MacroTlb.Count));
        domain.Tables!.Unmap(Sun50iRig.MappedIova, 0x1000, 1, new InvalidationGather());
        Assert.Null(rig.Dma());
    }

    [Fact]
    public void Before_the_first_attach_nothing_is_flushed()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Domain(Sun50iRig.PageA);
        Assert.Empty(rig.Driver.FlushAll(domain));
        Assert.Empty(rig.Writes(DomainMapping.Unmap(rig.Driver, domain, Sun50iRig.MappedIova, 0x1000)));
        // Afterwards it is, installed or not.
        rig.Run(rig.Driver.Attach(domain, Sun50iRig.Device()));
        rig.Run(rig.Driver.Attach(rig.Domain(Sun50iRig.PageB), Sun50iRig.Device()));
        Assert.NotEmpty(rig.Driver.FlushAll(domain));
    }

    [Fact]
    public void A_flush_that_never_ends_is_given_up()
    {
        using var rig = new Sun50iRig();
        var domain = rig.Attached();
        Assert.Equal(0x1000, rig.RunStuck(DomainMapping.Unmap(rig.Driver, domain, Sun50iRig.MappedIova, 0x1000), Sun50iRegisters.TlbFlush));
    }

    // With all caches unlimited: whatever is mapped and unmapped, a DMA lands where the tables say. A fault is handled at once.
    [Fact]
    public void What_is_mapped_and_unmapped_is_what_DMA_sees() => Histories.Sample(
        history =>
        {
            using var rig = new Sun50iRig(options: new Sun50iOptions { Iotlb = IotlbGeometry.WithoutLimit });
            var domain = rig.Attached();
            var pages = new Dictionary<ulong, ulong>();
            foreach (var (kind, page, frame) in history)
            {
                // Pages at the end of a directory word's range and at the beginning of the next.
                var iova = 0x700f_b000 + ((ulong)page << 12);
                switch (kind)
                {
                    case 0 or 1:
                        var count = kind == 0 ? 1UL : 3;
                        var taken = Enumerable.Range(0, (int)count).Any(i => pages.ContainsKey(iova + ((ulong)i << 12)));
                        var result = rig.Run(DomainMapping.Map(rig.Driver, domain, iova, (ulong)frame << 14, count << 12, Sun50iRig.Both));
                        Assert.Equal(taken ? -(long)Errno.EBUSY : 0, result);
                        for (var i = 0UL; i < count && !taken; i++)
                            pages[iova + (i << 12)] = ((ulong)frame << 14) + (i << 12);
                        break;
                    case 2:
                        Assert.Equal(pages.Remove(iova) ? 0x1000 : 0, rig.Unmap(domain, iova));
                        break;
                    default:
                        var master = kind - 3;
                        Assert.Equal(pages.TryGetValue(iova, out var mapped) ? mapped + 8 : (ulong?)null, rig.Dma(iova + 8, (DmaAccess)(frame & 1), master));
                        rig.Run(rig.Driver.HandleInterrupt());
                        break;
                }
            }
        },
        iter: 200);

    [Fact]
    public void Translation_allocates_nothing()
    {
        using var rig = new Sun50iRig();
        rig.Attached();
        var requests = new DmaRequest[256];
        for (var i = 0; i < requests.Length; i++)
            requests[i] = new DmaRequest(new StreamId((uint)i % 7), new Iova(Sun50iRig.MappedIova + (ulong)(i % 16 == 15 ? 0x4000 : i)), DmaAccess.Read);
        var (completions, resumed) = (new DmaCompletion[requests.Length], new ResumedDma[requests.Length]);
        void Round()
        {
            rig.Iommu.Translate(requests, completions);
            while (rig.Iommu.InterruptAsserted)
            {
                rig.Write(Sun50iRegisters.InterruptClear, uint.MaxValue);
                rig.Write(Sun50iRegisters.Reset, 0);
                rig.Write(Sun50iRegisters.Reset, Sun50iRegisters.ReleaseAll);
            }

            rig.Iommu.TakeResumed(resumed);
        }

        Round();
        Assert.Contains(resumed, dma => dma.Completion.Status == DmaStatus.Completed);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 50; i++)
                Round();
        }));
    }
}
