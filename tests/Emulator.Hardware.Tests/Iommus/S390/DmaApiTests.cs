using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.S390;

namespace Emulator.Hardware.Tests.Iommus.S390;

/// <summary>The DMA API of Linux 6.1: its own tables, strict and lazy.</summary>
public sealed class DmaApiTests
{
    private const ulong SmallEnd = ZpciMachine.Start + 0x1_ffff;

    [Theory]
    [InlineData(S390DmaDirection.Bidirectional, true)]
    [InlineData(S390DmaDirection.ToDevice, false)]
    [InlineData(S390DmaDirection.FromDevice, true)]
    [InlineData(S390DmaDirection.None, false)]
    public void A_buffer_is_mapped_from_the_windows_start_on(S390DmaDirection direction, bool writable)
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);

        var first = Map(machine, ZpciMachine.PageB + 0x355, 0x2386, direction);
        var second = Map(machine, ZpciMachine.PageA, 0x1000, direction);

        Assert.Equal((ZpciMachine.Start + 0x355, ZpciMachine.Start + 0x3000), (first, second));
        Assert.Equal(ZpciMachine.PageB + 0x2000, machine.Dma(ZpciMachine.Start + 0x2000));
        Assert.Equal(writable ? ZpciMachine.PageA : null, machine.Dma(second, DmaAccess.Write));
    }

    [Fact]
    public void Strict_refreshes_at_each_unmap_and_lazy_leaves_the_page_in_the_cache()
    {
        foreach (var (strict, stale) in new[] { (true, (ulong?)null), (false, ZpciMachine.PageB) })
        {
            using var machine = Machine(strict);
            var iova = Map(machine, ZpciMachine.PageB, 0x1000);
            machine.Dma(iova);

            machine.Run(machine.Driver.UnmapDma(ZpciMachine.Device(), iova, 0x1000));

            Assert.Equal(stale, machine.Dma(iova));
        }
    }

    [Fact]
    public void Lazy_refreshes_everything_before_addresses_come_around_again()
    {
        using var machine = Machine(strict: false);
        var refreshes = new List<(ulong, ulong)>();
        var seen = new List<ulong>();

        // The window has 32 pages, of which the last one is never given out.
        for (var i = 0; i < 33; i++)
        {
            var iova = (ulong)machine.Run(machine.Driver.MapDma(ZpciMachine.Device(), ZpciMachine.PageB, 0x1000, S390DmaDirection.Bidirectional), step =>
            {
                if (step is { Kind: DriverStepKind.WriteRegister, Address: S390Registers.Refresh })
                    refreshes.Add((machine.Read(S390Registers.RefreshAddress), machine.Read(S390Registers.RefreshLength)));
            });
            seen.Add(iova);
            machine.Run(machine.Driver.UnmapDma(ZpciMachine.Device(), iova, 0x1000));
        }

        Assert.Equal(31, seen.Distinct().Count());
        Assert.Equal(SmallEnd - 0x1fff, seen.Max());
        Assert.Equal((ZpciMachine.Start, ZpciMachine.Start + 0x1000), (seen[31], seen[32]));
        Assert.Equal([(ZpciMachine.Start, 0x2_0000UL)], refreshes);
    }

    [Fact]
    public void A_full_window_is_an_error()
    {
        foreach (var strict in (bool[])[true, false])
        {
            using var machine = Machine(strict);
            Map(machine, ZpciMachine.PageB, 31 * 0x1000);

            Assert.Equal(-1, machine.Run(machine.Driver.MapDma(ZpciMachine.Device(), ZpciMachine.PageB, 0x1000, S390DmaDirection.Bidirectional)));

            machine.Run(machine.Driver.UnmapDma(ZpciMachine.Device(), ZpciMachine.Start + 0x5000, 0x2000));
            Assert.Equal(ZpciMachine.Start + 0x5000, Map(machine, ZpciMachine.PageB, 0x2000));
        }
    }

    [Fact]
    public void A_buffer_does_not_cross_4_GiB()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61, ZpciMachine.Of(ZpciMachine.Function with { Start = 0x1_ffff_8000, End = 0x2_0fff_ffff }));

        Assert.Equal(0x2_0000_0000UL, Map(machine, ZpciMachine.PageB, 0x9000));
    }

    [Fact]
    public void The_window_is_cut_to_memory_and_tables_and_stays_so_for_domains()
    {
        using var machine = new ZpciMachine(
            KernelVersion.Linux61, ZpciMachine.Of(ZpciMachine.Function with { End = ulong.MaxValue >> 8 }), new S390DriverOptions { Aperture = 0x4000_0000 });

        Assert.Equal(ZpciMachine.Start + 0x3fff_ffff, machine.Registered().Limit);
        Assert.Equal(new DomainGeometry(ZpciMachine.Start, ZpciMachine.Start + 0x3fff_ffff), machine.Attached().Geometry);
    }

    [Fact]
    public void Each_function_has_tables_of_its_own()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        Map(machine, ZpciMachine.PageB, 0x1000);

        Assert.Equal(ZpciMachine.PageB, machine.Dma(ZpciMachine.Start));
        Assert.Null(machine.Dma(ZpciMachine.Start, function: 1));
    }

    [Fact]
    public void A_function_that_needs_refreshes_gets_one_at_each_map()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61, ZpciMachine.Of(ZpciMachine.Function with { NeedsRefresh = true }));

        var iova = Map(machine, ZpciMachine.PageB, 0x2000);

        Assert.Equal(ZpciMachine.PageB + 0x1000, machine.Dma(iova + 0x1000));
    }

    [Theory]
    [InlineData(true, -1)]
    [InlineData(false, (long)ZpciMachine.Start)]
    public void A_hypervisor_short_of_resources_gets_a_refresh_of_everything_when_lazy(bool strict, long expected)
    {
        using var machine = new ZpciMachine(
            KernelVersion.Linux61, ZpciMachine.Of(ZpciMachine.Function with { NeedsRefresh = true }), new S390DriverOptions { Strict = strict });
        var refreshes = 0;

        var result = machine.Run(machine.Driver.MapDma(ZpciMachine.Device(), ZpciMachine.PageB, 0x1000, S390DmaDirection.Bidirectional), step =>
        {
            if (step is not { Kind: DriverStepKind.WriteRegister, Address: S390Registers.Refresh } || refreshes++ > 0)
                return;
            machine.Silicon.Registers.Registers.First(register => register.Name == "CPU0_CC").Value = 1;
            machine.Silicon.Registers.Registers.First(register => register.Name == "CPU0_RPCIT").Value = (ulong)S390Status.InsufficientResources << 24;
        });

        Assert.Equal((expected, strict ? 1 : 2), (result, refreshes));
    }

    [Fact]
    public void A_busy_machine_is_asked_again()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        var tries = 0;

        machine.Run(machine.Driver.Attach(machine.Domain(ZpciMachine.PageA), ZpciMachine.Device()), step =>
        {
            if (step is { Kind: DriverStepKind.WriteRegister, Address: S390Registers.ModifyControls } && (step.Value & 0xff) == 5 && tries++ == 0)
                machine.Silicon.Registers.Registers.First(register => register.Name == "CPU0_CC").Value = 2;
        });

        Assert.Equal(2, tries);
    }

    private static ZpciMachine Machine(bool strict) =>
        new(KernelVersion.Linux61, ZpciMachine.Of(ZpciMachine.Function with { End = SmallEnd }), new S390DriverOptions { Strict = strict });

    private static ulong Map(ZpciMachine machine, ulong physical, ulong bytes, S390DmaDirection direction = S390DmaDirection.Bidirectional)
    {
        var result = machine.Run(machine.Driver.MapDma(ZpciMachine.Device(), physical, bytes, direction));
        Assert.NotEqual(-1, result);
        return (ulong)result;
    }
}
