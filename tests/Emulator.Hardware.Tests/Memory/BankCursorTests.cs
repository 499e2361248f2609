using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Tests.Memory;

public sealed class BankCursorTests : IDisposable
{
    private readonly PhysicalMemory _memory = new(new MemoryRange(0, 4 * PhysicalMemory.BankSize));

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void It_finds_what_the_memory_has_in_any_order_of_banks()
    {
        var cursor = new BankCursor(_memory);
        ulong[] addresses = [0, PhysicalMemory.BankSize + 8, PhysicalMemory.BankSize - 8, 3 * PhysicalMemory.BankSize, 16];
        foreach (var address in addresses)
            cursor.Write64(address, ~address);
        foreach (var address in addresses)
        {
            Assert.Equal(~address, _memory.Read64(address));
            Assert.True(cursor.TryRead64(address, out var wide));
            Assert.True(cursor.TryRead32(address + 4, out var narrow));
            Assert.Equal((~address, 0xffff_ffff), (wide, narrow));
        }

        cursor.Write32(4, 5);
        Assert.Equal(5u, _memory.Read32(4));
    }

    [Fact]
    public void It_sees_a_bank_that_is_made_after_it()
    {
        var cursor = new BankCursor(_memory, 0x1000);
        Assert.True(cursor.TryRead64(0x1000, out var before));
        _memory.Write64(0x1000, 7);
        Assert.Equal((0UL, 7UL), (before, cursor.Read64(0x1000)));
    }

    [Theory]
    [InlineData(4 * PhysicalMemory.BankSize)]
    [InlineData(1UL << 52)]
    [InlineData(1UL << 63)]
    public void Where_there_is_no_RAM_it_reads_ones_and_writes_nothing(ulong address)
    {
        var cursor = new BankCursor(_memory, address);
        cursor.Write64(address, 1);
        cursor.Write32(address, 1);
        Assert.False(cursor.TryRead64(address, out var wide));
        Assert.False(cursor.TryRead32(address, out var narrow));
        Assert.Equal((ulong.MaxValue, uint.MaxValue), (wide, narrow));
        Assert.Equal((ulong.MaxValue, uint.MaxValue), (cursor.Read64(address), cursor.Read32(address)));
        Assert.Equal(0, _memory.BanksInUse);
    }

    [Fact]
    public void What_it_wrote_is_zeroed_before_the_memory_is_used_again()
    {
        var first = new PhysicalMemory();
        var cursor = new BankCursor(first);
        for (var address = 0UL; address < PhysicalMemory.BankSize; address += PhysicalMemory.FrameSize)
            cursor.Write64(address, 1);
        first.Dispose();
        using var second = new PhysicalMemory();
        second.Write64(0, 0);
        Assert.Equal(PhysicalMemory.BankSize / 8, second.CountRun64(0, PhysicalMemory.BankSize / 8, ulong.MaxValue, set: false));
    }
}
