using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Tests.Memory;

public sealed class WordRunsTests : IDisposable
{
    private const ulong NearBankEnd = PhysicalMemory.BankSize - 16;

    private readonly PhysicalMemory _memory = new(new MemoryRange(0, 2 * PhysicalMemory.BankSize));

    public void Dispose() => _memory.Dispose();

    [Theory]
    [InlineData(0x1000UL, 1UL)]
    [InlineData(0x1ff8UL, 600UL)]
    [InlineData(NearBankEnd, 5UL)]
    public void A_filled_run_has_every_word_and_no_other(ulong address, ulong count)
    {
        _memory.Fill64(address, count, 0x1003, 0x1000);
        for (var i = 0UL; i < count; i++)
            Assert.Equal(0x1003 + (i * 0x1000), _memory.Read64(address + (i * 8)));
        Assert.Equal(0UL, _memory.Read64(address - 8));
        Assert.Equal(0UL, _memory.Read64(address + (count * 8)));
    }

    [Fact]
    public void A_run_beyond_the_RAM_is_lost_there_and_reads_as_ones()
    {
        var address = (2 * PhysicalMemory.BankSize) - 16;
        _memory.Fill64(address, 4, 7, 1);
        Assert.Equal(8UL, _memory.Read64(address + 8));
        Assert.Equal(4UL, _memory.CountRun64(address, 4, mask: 1 << 3 | 7, set: true));
        Assert.Equal(0UL, _memory.CountRun64(address + 16, 4, mask: 1, set: false));
        Assert.Equal(4UL, _memory.CountRun64(address + 16, 4, ulong.MaxValue, set: true));
    }

    [Fact]
    public void A_run_ends_at_the_first_word_that_differs()
    {
        _memory.Fill64(NearBankEnd, 4, 1, 0);
        Assert.Equal(4UL, _memory.CountRun64(NearBankEnd, 9, mask: 1, set: true));
        Assert.Equal(3UL, _memory.CountRun64(NearBankEnd, 3, mask: 1, set: true));
        Assert.Equal(0UL, _memory.CountRun64(NearBankEnd, 9, mask: 1, set: false));
        Assert.Equal(2UL, _memory.CountRun64(NearBankEnd - 16, 9, mask: 1, set: false));
        Assert.Equal(9UL, _memory.CountRun64(NearBankEnd, 9, mask: 2, set: false));
    }

    [Fact]
    public void Nothing_written_counts_as_zeros_and_costs_no_bank()
    {
        Assert.Equal(1024UL, _memory.CountRun64(0, 1024, ulong.MaxValue, set: false));
        Assert.Equal(0, _memory.BanksInUse);
    }

    [Fact]
    public void A_cleared_run_leaves_what_follows_its_first_zero()
    {
        _memory.Fill64(0x1000, 3, 5, 1);
        _memory.Write64(0x1020, 9);
        Assert.Equal(3UL, _memory.ClearRun64(0x1000, 5));
        Assert.Equal(5UL, _memory.CountRun64(0x1000, 5, ulong.MaxValue ^ 9, set: false));
        Assert.Equal(9UL, _memory.Read64(0x1020));
    }
}
