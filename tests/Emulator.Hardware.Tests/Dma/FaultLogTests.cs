using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Tests.Dma;

public sealed class FaultLogTests
{
    [Fact]
    public void Records_come_out_oldest_first_and_what_does_not_fit_is_counted()
    {
        var log = new FaultLog(capacity: 3);
        for (ushort code = 1; code <= 5; code++)
            log.Add(new FaultRecord(new StreamId(1), new Iova(code), DmaAccess.Read, FaultReason.NotPresent, code));
        var taken = new FaultRecord[2];
        Assert.Equal(2, log.Take(taken));
        Assert.Equal<ushort>([1, 2], taken.Select(f => f.Code));
        log.Add(new FaultRecord(new StreamId(1), default, DmaAccess.Read, FaultReason.NotPresent, 6));
        Assert.Equal(2, log.Take(taken));
        Assert.Equal<ushort>([3, 6], taken.Select(f => f.Code));
        Assert.Equal((6L, 2L), (log.Total, log.Dropped));
    }

    [Fact]
    public void All_records_come_out_at_once_and_leave_none()
    {
        var log = new FaultLog(capacity: 2);
        log.Add(new FaultRecord(new StreamId(1), default, DmaAccess.Read, FaultReason.NotPresent, 1));
        log.Take(new FaultRecord[1]);
        for (ushort code = 2; code <= 3; code++)
            log.Add(new FaultRecord(new StreamId(1), default, DmaAccess.Read, FaultReason.NotPresent, code));
        Assert.Equal<ushort>([2, 3], log.TakeAll().Select(f => f.Code));
        Assert.Empty(log.TakeAll());
    }
}
