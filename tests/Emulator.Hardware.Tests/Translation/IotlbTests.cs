using System.Runtime.CompilerServices;
using CsCheck;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Translation;

public sealed class IotlbTests
{
    [Fact]
    public void An_entry_translates_its_page_for_its_tag_only()
    {
        var iotlb = new Iotlb(new IotlbGeometry());
        iotlb.Insert(new IotlbEntry { Tag = 5, Iova = 0x1234_5678, Output = 0xabcd_e000, PageShift = 12, Permissions = PagePermissions.Read });
        ref readonly var hit = ref iotlb.Find(5, 0x1234_5fff);
        Assert.False(Unsafe.IsNullRef(in hit));
        Assert.Equal(0xabcd_efffUL, hit.Translate(0x1234_5fff));
        Assert.True(Unsafe.IsNullRef(in iotlb.Find(6, 0x1234_5fff)));
        Assert.True(Unsafe.IsNullRef(in iotlb.Find(5, 0x1234_6000)));
        Assert.Equal((1, 2), (iotlb.Hits, iotlb.Misses));
    }

    [Fact]
    public void Pages_of_several_sizes_are_found_side_by_side()
    {
        var iotlb = new Iotlb(new IotlbGeometry { Sets = 4, Ways = 2 });
        iotlb.Insert(new IotlbEntry { Tag = 1, Iova = 0x4000_0000, Output = 0x8000_0000, PageShift = 30 });
        iotlb.Insert(new IotlbEntry { Tag = 1, Iova = 0x1_0020_0000, Output = 0x3_0020_0000, PageShift = 21 });
        Assert.Equal(0x8765_4321UL, iotlb.Find(1, 0x4765_4321).Translate(0x4765_4321));
        Assert.Equal(0x3_0033_0000UL, iotlb.Find(1, 0x1_0033_0000).Translate(0x1_0033_0000));
    }

    [Fact]
    public void A_full_set_gives_up_its_entries_in_turn()
    {
        var iotlb = new Iotlb(new IotlbGeometry { Sets = 1, Ways = 2 });
        for (var page = 0UL; page < 3; page++)
            iotlb.Insert(new IotlbEntry { Iova = page << 12, Output = page << 12, PageShift = 12 });
        Assert.True(Unsafe.IsNullRef(in iotlb.Find(0, 0)));
        Assert.False(Unsafe.IsNullRef(in iotlb.Find(0, 0x1000)));
        Assert.False(Unsafe.IsNullRef(in iotlb.Find(0, 0x2000)));
        Assert.Equal((2, 1L), (iotlb.Count, iotlb.Evictions));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(255)]
    public void A_set_holds_as_many_entries_as_it_has_ways(int ways)
    {
        var iotlb = new Iotlb(new IotlbGeometry { Sets = 1, Ways = ways });
        for (var page = 0UL; page < (ulong)ways; page++)
            iotlb.Insert(new IotlbEntry { Iova = page << 12, Output = page << 13, PageShift = 12 });
        for (var page = 0UL; page < (ulong)ways; page++)
            Assert.Equal(page << 13, iotlb.Find(0, page << 12).Translate(page << 12));
        Assert.Equal((ways, 0L), (iotlb.Count, iotlb.Evictions));
        iotlb.Insert(new IotlbEntry { Iova = (ulong)ways << 12, PageShift = 12 });
        Assert.Equal((ways, 1L), (iotlb.Count, iotlb.Evictions));
        Assert.True(Unsafe.IsNullRef(in iotlb.Find(0, 0)));
        Assert.Equal(ways, iotlb.InvalidateAll());
        Assert.True(Unsafe.IsNullRef(in iotlb.Find(0, (ulong)ways << 12)));
    }

    [Fact]
    public void One_page_of_several_tags_is_found_by_each_in_one_set()
    {
        var iotlb = new Iotlb(new IotlbGeometry { Sets = 1, Ways = 8 });
        for (var tag = 0UL; tag < 8; tag++)
            iotlb.Insert(new IotlbEntry { Tag = tag, Iova = 0x5000, Output = tag << 12, PageShift = 12 });
        for (var tag = 0UL; tag < 8; tag++)
            Assert.Equal(tag << 12, iotlb.Find(tag, 0x5000).Output);
        Assert.True(Unsafe.IsNullRef(in iotlb.Find(8, 0x5000)));
    }

    [Fact]
    public void Disabled_keeps_nothing()
    {
        var iotlb = new Iotlb(IotlbGeometry.WithoutCaching);
        iotlb.Insert(new IotlbEntry { PageShift = 12 });
        Assert.True(Unsafe.IsNullRef(in iotlb.Find(0, 0)));
        Assert.Equal(0, iotlb.InvalidateAll());
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(0, 1)]
    [InlineData(4, 0)]
    [InlineData(4, 256)]
    public void Impossible_shapes_are_refused(int sets, int ways) =>
        Assert.Throws<ArgumentException>(() => new Iotlb(new IotlbGeometry { Sets = sets, Ways = ways }));

    [Fact]
    public void Lookup_and_insertion_allocate_nothing()
    {
        var iotlb = new Iotlb(new IotlbGeometry());
        var before = 0L;
        for (var round = 0; round < 2; round++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            for (var page = 0UL; page < 4096; page++)
            {
                if (Unsafe.IsNullRef(in iotlb.Find(1, page << 12)))
                    iotlb.Insert(new IotlbEntry { Tag = 1, Iova = page << 12, PageShift = 12 });
            }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    // Whatever the shape, an answer is the last one inserted for that tag and page and not invalidated since; an unbounded cache always has it.
    [Fact]
    public void It_never_answers_with_what_was_replaced_or_invalidated()
    {
        var operation = Gen.Select(Gen.Int[0, 2], Gen.ULong[0, 3], Gen.ULong[0, 40], Gen.Int[0, 1], Gen.ULong[0, 1000]);
        Gen.Select(operation.List[1, 200], Gen.Bool).Sample((operations, unbounded) =>
        {
            var iotlb = new Iotlb(new IotlbGeometry { Sets = 4, Ways = 2, Unbounded = unbounded });
            var model = new Dictionary<(ulong Tag, int Shift, ulong Page), ulong>();
            foreach (var (kind, tag, page, size, value) in operations)
            {
                var shift = size == 0 ? 12 : 21;
                // The two sizes live in ranges of their own, so that a lookup has one right answer.
                var iova = ((page << shift) | ((ulong)size << 40)) + 8;
                if (kind == 0)
                {
                    iotlb.Insert(new IotlbEntry { Tag = tag, Iova = iova, Output = value << shift, PageShift = (byte)shift });
                    model[(tag, shift, page)] = value << shift;
                }
                else if (kind == 1)
                {
                    iotlb.Invalidate(new RangeOfTag(tag, iova, iova + (4UL << shift)));
                    for (var p = page; p <= page + 4; p++)
                        model.Remove((tag, shift, p));
                }
                else
                {
                    ref readonly var entry = ref iotlb.Find(tag, iova);
                    var known = model.TryGetValue((tag, shift, page), out var output);
                    if (Unsafe.IsNullRef(in entry))
                    {
                        if (unbounded && known)
                            return false;
                    }
                    else if (!known || entry.Output != output)
                    {
                        return false;
                    }
                }
            }

            return !unbounded || iotlb.Count == model.Count;
        });
    }

    private readonly struct RangeOfTag(ulong tag, ulong first, ulong last) : IIotlbSelector
    {
        public bool Selects(in IotlbEntry entry) => entry.Tag == tag && entry.Overlaps(first, last);
    }
}
