using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Tests.Registers;

public sealed class RegisterFileTests
{
    private readonly RegisterFile _file = new("unit", 0x100);

    [Fact]
    public void Ones_written_to_a_set_register_stay_until_the_silicon_clears_them()
    {
        var register = _file.Add(0x20, 4, "ENABLE", RegisterAccess.WriteOneToSet, reset: 1);
        _file.Write(0x20, 4, 0x10);
        _file.Write(0x20, 4, 0);
        Assert.Equal(0x11UL, _file.Read(0x20, 4));
        register.Value = 0;
        Assert.Equal(0UL, _file.Read(0x20, 4));
    }

    [Fact]
    public void A_64_bit_register_is_reached_by_halves_and_acts_with_the_merged_value()
    {
        var seen = new List<ulong>();
        _file.Add(0x10, 8, "BASE", onWrite: seen.Add);
        _file.Write(0x10, 4, 0x1111_2222);
        _file.Write(0x14, 4, 0x3333_4444);
        Assert.Equal(0x3333_4444_1111_2222UL, _file.Read(0x10, 8));
        Assert.Equal(0x3333_4444UL, _file.Read(0x14, 4));
        Assert.Equal<ulong>([0x1111_2222, 0x3333_4444_1111_2222], seen);
    }

    [Fact]
    public void Access_kinds_do_what_they_say()
    {
        _file.Add(0, 4, "RO", RegisterAccess.ReadOnly, reset: 5);
        _file.Add(4, 4, "WO", RegisterAccess.WriteOnly);
        var status = _file.Add(8, 4, "W1C", RegisterAccess.WriteOneToClear, reset: 0xf);
        _file.Write(0, 4, 9);
        _file.Write(4, 4, 9);
        _file.Write(8, 4, 0x3);
        Assert.Equal(5UL, _file.Read(0, 4));
        Assert.Equal(0UL, _file.Read(4, 4));
        Assert.Equal(0xcUL, status.Value);
        _file.Reset();
        Assert.Equal(0xfUL, status.Value);
    }

    [Fact]
    public void A_locked_register_ignores_writes()
    {
        var locked = false;
        var acted = 0;
        _file.Add(0, 4, "TCR", onWrite: _ => acted++, writable: () => !locked);
        _file.Write(0, 4, 1);
        locked = true;
        _file.Write(0, 4, 2);
        Assert.Equal(1UL, _file.Read(0, 4));
        Assert.Equal(1, acted);
    }

    [Fact]
    public void Undeclared_offsets_read_zero_and_are_counted()
    {
        Assert.Equal(0UL, _file.Read(0x40, 4));
        _file.Write(0x44, 4, 1);
        Assert.Equal(2, _file.UndeclaredAccesses);
        Assert.Equal("0x40", _file.Describe(0x40));
    }

    [Fact]
    public void The_observer_sees_every_access_in_order()
    {
        var seen = new List<RegisterOperation>();
        _file.AddArray(0x20, 4, 4, 4, "TTBR");
        _file.Observer = seen.Add;
        _file.Write(0x24, 4, 7);
        _file.Read(0x24, 4);
        Assert.Equal<RegisterOperation>([new(true, 0x24, 4, 7), new(false, 0x24, 4, 7)], seen);
        Assert.Equal("TTBR[1]", _file.Describe(0x24));
    }

    [Theory]
    [InlineData(0x100UL, 4)]
    [InlineData(0x02UL, 4)]
    [InlineData(0x04UL, 8)]
    [InlineData(0x00UL, 2)]
    public void Unaligned_and_outside_accesses_are_refused(ulong offset, int width) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _file.Read(offset, width));

    [Fact]
    public void Two_registers_cannot_share_a_word()
    {
        _file.Add(0x10, 8, "A");
        Assert.Throws<ArgumentException>(() => _file.Add(0x14, 4, "B"));
    }
}
