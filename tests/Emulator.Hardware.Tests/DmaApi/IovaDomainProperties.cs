using System.Numerics;
using CsCheck;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Tests.DmaApi;

/// <summary>What holds for any sequence of allocations and frees.</summary>
public class IovaDomainProperties
{
    private const ulong Limit = 4095;

    private static readonly Gen<(int Cpu, bool Frees, ulong Size, int Which)> Operation =
        Gen.Select(Gen.Int[0, 2], Gen.Bool, Gen.ULong[1, 80], Gen.Int[0, 1 << 20], (cpu, frees, size, which) => (cpu, frees, size, which));

    [Fact]
    public void Live_ranges_do_not_overlap_are_aligned_and_below_the_limit() => Gen.Select(Gen.Bool, Operation.Array[1, 400]).Sample((old, operations) =>
    {
        var domain = New(old);
        var owner = new bool[Limit + 1];
        var live = new List<(ulong Pfn, ulong Size)>();
        foreach (var (cpu, frees, size, which) in operations)
        {
            if (frees && live.Count > 0)
            {
                var (pfn, pages) = live[which % live.Count];
                live.RemoveAt(which % live.Count);
                owner.AsSpan((int)pfn, (int)pages).Clear();
                domain.Free(cpu, pfn, pages);
                continue;
            }

            var first = domain.Allocate(cpu, size, Limit, flushCaches: true);
            if (first == 0)
                continue;
            Assert.True(first >= 4 && first + size - 1 <= Limit, $"{size} pages at {first}");
            Assert.Equal(0UL, first % BitOperations.RoundUpToPowerOf2(size));
            Assert.True(owner.AsSpan((int)first, (int)size).IndexOf(true) < 0, $"{size} pages at {first} overlap");
            owner.AsSpan((int)first, (int)size).Fill(true);
            live.Add((first, size));
        }
    });

    [Fact]
    public void When_all_is_freed_everything_can_be_allocated_again() => Gen.Select(Gen.Bool, Operation.Array[1, 200]).Sample((old, operations) =>
    {
        var domain = New(old);
        var live = new List<(int Cpu, ulong Pfn, ulong Size)>();
        foreach (var (cpu, _, size, _) in operations)
        {
            if (domain.Allocate(cpu, size, Limit, flushCaches: true) is var pfn and not 0)
                live.Add((cpu, pfn, size));
        }

        foreach (var (cpu, pfn, size) in live)
            domain.Free(cpu, pfn, size);
        Assert.Equal(2048UL, domain.Allocate(0, 2048, Limit, flushCaches: true));
        Assert.Equal(1024UL, domain.Allocate(0, 1024, Limit, flushCaches: true));
    });

    [Fact]
    public void A_free_and_an_allocation_on_one_CPU_give_the_same_range() =>
        Gen.Select(Gen.Bool, Operation.Array[1, 100], Gen.ULong[1, 32]).Sample((old, operations, size) =>
    {
        var domain = New(old);
        foreach (var (cpu, _, pages, _) in operations)
            domain.Allocate(cpu, pages, Limit, flushCaches: true);
        var first = domain.Allocate(1, size, Limit, flushCaches: true);
        if (first == 0)
            return;
        domain.Free(1, first, size);
        Assert.Equal(first, domain.Allocate(1, size, Limit, flushCaches: false));
    });

    private static IovaDomain New(bool old) => new(old ? KernelVersion.Linux61 : KernelVersion.Linux612, startPfn: 4, cpus: 3);
}
