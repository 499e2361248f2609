using CsCheck;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Tests.Memory;

public sealed class PhysicalMemoryTests
{
    [Fact]
    public void What_was_never_written_reads_as_zero_and_costs_no_bank()
    {
        using var memory = new PhysicalMemory();
        Assert.Equal(0UL, memory.Read64(0xf_ffff_ffff_fff8));
        Assert.Equal(0u, memory.Read32(0x1000));
        Assert.Equal(OwnerTag.None, memory.OwnerOf(0x1000));
        Assert.Equal(0, memory.BanksInUse);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(0x1f_fff8UL)]
    [InlineData(0x20_0000UL)]
    [InlineData(0xf_ffff_ffff_fff8UL)]
    public void A_word_reads_back_at_both_ends_of_the_52_bit_space(ulong address)
    {
        using var memory = new PhysicalMemory();
        Assert.True(memory.Write64(address, 0x1122334455667788));
        Assert.Equal(0x1122334455667788UL, memory.Read64(address));
        Assert.Equal(0x55667788u, memory.Read32(address));
        Assert.Equal(0x11223344u, memory.Read32(address + 4));
        Assert.Equal(1, memory.BanksInUse);
    }

    [Fact]
    public void An_access_outside_ram_fails_and_reads_all_ones()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0x4000_0000, 0x1000_0000));
        Assert.False(memory.TryRead64(0x3fff_fff8, out var below));
        Assert.Equal(ulong.MaxValue, below);
        Assert.False(memory.TryRead64(0x5000_0000, out _));
        Assert.False(memory.TryRead32(1UL << 52, out var beyond));
        Assert.Equal(uint.MaxValue, beyond);
        Assert.False(memory.Write64(0x5000_0000, 1));
        Assert.False(memory.Write32(ulong.MaxValue & ~3UL, 1));
        Assert.True(memory.Write64(0x4fff_fff8, 1));
        Assert.Equal(1, memory.BanksInUse);
    }

    [Theory]
    [InlineData(0UL, 0UL)]
    [InlineData(0x1000UL, 0x20_0000UL)]
    [InlineData(0UL, 0x1000UL)]
    [InlineData(0xf_ffff_ffe0_0000UL, 0x40_0000UL)]
    public void A_ram_range_must_be_whole_banks_inside_52_bits(ulong start, ulong length) =>
        Assert.Throws<ArgumentException>(() => new PhysicalMemory(new MemoryRange(start, length)));

    [Fact]
    public void Bytes_across_a_bank_boundary_are_whole()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 2 * PhysicalMemory.BankSize));
        byte[] written = [1, 2, 3, 4, 5, 6, 7, 8];
        Assert.True(memory.Write(PhysicalMemory.BankSize - 3, written));
        var read = new byte[8];
        Assert.True(memory.Read(PhysicalMemory.BankSize - 3, read));
        Assert.Equal(written, read);

        Assert.False(memory.Write((2 * PhysicalMemory.BankSize) - 4, written));
        Assert.False(memory.Read((2 * PhysicalMemory.BankSize) - 4, read));
        Assert.Equal<byte>([1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff], read);
    }

    [Fact]
    public void Ownership_is_per_frame_and_ends_with_the_range()
    {
        using var memory = new PhysicalMemory();
        memory.SetOwner(0x1ff_f000, 0x2001, new OwnerTag(7));
        Assert.Equal(OwnerTag.None, memory.OwnerOf(0x1ff_efff));
        Assert.Equal(new OwnerTag(7), memory.OwnerOf(0x1ff_f000));
        Assert.Equal(new OwnerTag(7), memory.OwnerOf(0x200_1fff));
        Assert.Equal(OwnerTag.None, memory.OwnerOf(0x200_2000));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.SetOwner((1UL << 52) - 0x1000, 0x2000, OwnerTag.Host));
    }

    [Fact]
    public void Compare_exchange_replaces_only_what_was_expected()
    {
        using var memory = new PhysicalMemory();
        Assert.Equal(0UL, memory.CompareExchange64(0x1000, 5, 0));
        Assert.Equal(5UL, memory.CompareExchange64(0x1000, 6, 0));
        Assert.Equal(5UL, memory.Read64(0x1000));
    }

    [Fact]
    public void Words_written_side_by_side_are_never_torn()
    {
        using var memory = new PhysicalMemory();
        const ulong Address = 0x1234_5000;
        memory.Write64(Address, 0);
        var torn = 0L;
        var writer = Task.Run(() =>
        {
            for (var i = 0; i < 200_000; i++)
                memory.Write64(Address, (i & 1) == 0 ? 0 : ulong.MaxValue);
        });
        while (!writer.IsCompleted)
        {
            var value = memory.Read64(Address);
            if (value is not 0 and not ulong.MaxValue)
                torn++;
        }

        Assert.Equal(0, torn);
    }

    [Fact]
    public void Memory_behaves_as_a_dictionary_of_words()
    {
        var operation = Gen.Select(Gen.ULong[0, (1UL << 49) - 1], Gen.ULong, Gen.Int[0, 3]);
        operation.List[1, 60].Sample(operations =>
        {
            using var memory = new PhysicalMemory();
            var model = new Dictionary<ulong, ulong>();
            foreach (var (word, value, kind) in operations)
            {
                // Few distinct words, so that they are met again.
                var address = (word % 37) * 0x1_0000_0040 * 8;
                if (kind == 0)
                {
                    memory.Clear(address, 8);
                    model[address] = 0;
                }
                else
                {
                    memory.Write64(address, value);
                    model[address] = value;
                }
            }

            return model.All(pair => memory.Read64(pair.Key) == pair.Value);
        });
    }
}
