using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.PageTables;

public sealed class InvalidationGatherTests
{
    private readonly InvalidationGather _gather = new();

    [Fact]
    public void Pages_side_by_side_are_one_request_also_after_a_look_at_the_requests()
    {
        _gather.AddPage(0x1000, 0x1000, 0x1000);
        Assert.Single(_gather.Requests);
        _gather.AddPage(0x2000, 0x2000, 0x1000);
        Assert.Equal([new Invalidation(InvalidationKind.Page, 0x1000, 0x3000, 0x1000)], _gather.Requests);
        Assert.Equal((0x1000UL, 0x3fffUL), (_gather.Start, _gather.End));
    }

    [Fact]
    public void Another_granule_a_gap_and_other_kinds_end_a_run()
    {
        _gather.AddPage(0x1000, 0x1000, 0x1000);
        _gather.AddPage(0x2000, 0x2000, 0x2000);
        _gather.AddPage(0x8000, 0x1000, 0x1000);
        _gather.AddWalk(0x20_0000, 0x20_0000, 0x1000);
        _gather.AddPage(0x9000, 0x1000, 0x1000);
        Assert.Equal(
            [
                (InvalidationKind.Page, 0x1000UL), (InvalidationKind.Page, 0x2000UL), (InvalidationKind.Page, 0x8000UL),
                (InvalidationKind.Walk, 0x20_0000UL), (InvalidationKind.Page, 0x9000UL),
            ],
            _gather.Requests.Select(request => (request.Kind, request.Iova)));
        Assert.Equal((0x1000UL, 0x9fffUL), (_gather.Start, _gather.End));
    }

    [Fact]
    public void Cleared_it_is_empty()
    {
        _gather.AddPage(0x1000, 0x1000, 0x1000);
        Assert.False(_gather.IsEmpty);
        _gather.Clear();
        Assert.True(_gather.IsEmpty);
        Assert.Empty(_gather.Requests);
        Assert.Equal((ulong.MaxValue, 0UL), (_gather.Start, _gather.End));
    }

    [Fact]
    public void A_run_is_performed_when_a_page_comes_that_does_not_continue_it()
    {
        List<Invalidation> performed = [];
        InvalidationGather gather = null!;
        gather = new InvalidationGather
        {
            InvalidateRun = () =>
            {
                performed.AddRange(gather.Requests);
                gather.Clear();
            },
        };
        gather.AddPage(0x1000, 0x1000, 0x1000);
        gather.AddPage(0x2000, 0x1000, 0x1000);
        Assert.Empty(performed);
        gather.AddPage(0x8000, 0x1000, 0x1000);
        Assert.Equal([new Invalidation(InvalidationKind.Page, 0x1000, 0x2000, 0x1000)], performed);
        Assert.Equal(0x8000UL, Assert.Single(gather.Requests).Iova);
    }
}
