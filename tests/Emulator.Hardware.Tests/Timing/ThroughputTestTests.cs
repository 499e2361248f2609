using Emulator.Hardware.Dma;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Tests.Timing;

/// <summary>Rates of a device behind real VT-d silicon: those that the reference model gives, and the bound that no model may pass.</summary>
public sealed class ThroughputTestTests
{
    private const int WarmUp = 5000;
    private const int Count = 50_000;
    private const int Entries = 128;

    private static readonly IommuTiming Iommu = new();

    /// <summary>Pages of the window, and M DMAs a second of: short reads, short writes, reads of 256 bytes, writes of 256 bytes.</summary>
    public static TheoryData<int, double[]> Golden => new()
    {
        { 64, [58.25, 47.39, 23.42, 24.69] },
        { 128, [58.25, 47.39, 23.42, 24.69] },
        { 192, [34.76, 47.39, 22.26, 24.69] },
        { 256, [31.45, 40.70, 22.04, 24.69] },
        { 1024, [19.82, 23.17, 19.51, 23.17] },
        { 16384, [17.48, 20.44, 17.48, 20.44] },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void The_reference_model_gives_the_same_rates(int pages, double[] expected)
    {
        using var test = new ThroughputTest((long)pages << 12, superpages: false, Iommu);
        // Between all and nothing missing, chance of the places counts most.
        var tolerance = pages is 192 or 256 ? 0.015 : 0.005;
        foreach (var (i, load) in Loads().Index())
        {
            var rate = test.Run(load.Device, load.Length, load.Access, WarmUp, Count) / 1e6;
            Assert.InRange(rate, expected[i] * (1 - tolerance), expected[i] * (1 + tolerance));
        }
    }

    [Theory]
    [InlineData(64)]
    [InlineData(160)]
    [InlineData(384)]
    [InlineData(2048)]
    [InlineData(16384)]
    public void No_rate_is_above_the_closed_form(int pages)
    {
        using var test = new ThroughputTest((long)pages << 12, superpages: false, Iommu);
        foreach (var (device, length, access) in Loads())
        {
            var isWrite = access == DmaAccess.Write;
            var missing = Math.Max(0, 1 - ((double)Entries / pages));
            var bound = Math.Min(1 / device.Interval(length, isWrite), Iommu.Walkers / ((Iommu.Walk + (isWrite ? Iommu.HoldWrite : Iommu.HoldRead)) * missing));
            if (!isWrite)
                bound = Math.Min(bound, device.InFlight(length, isWrite) / (device.Unloaded(length, isWrite) + (missing * Iommu.Walk)));
            var rate = test.Run(device, length, access, WarmUp, Count) / 1e9;
            Assert.True(rate <= bound * 1.01, $"{pages} pages, {length} bytes, {access}: {rate} per ns above {bound}");
        }
    }

    [Fact]
    public void A_window_of_superpages_fits_into_the_IOTLB()
    {
        using var test = new ThroughputTest(64 << 20, superpages: true, Iommu);
        var rate = test.Run(new DeviceTiming { MeasuredInterval = 20 }, 64, DmaAccess.Read, WarmUp, Count);
        Assert.Equal(50e6, rate, 1.0);
        Assert.Equal(32, test.Unit.Iotlb!.Misses);
    }

    [Fact]
    public void The_same_run_gives_the_same_rate_and_another_seed_nearly()
    {
        var device = new DeviceTiming();
        var rates = new double[3];
        for (var i = 0; i < rates.Length; i++)
        {
            using var test = new ThroughputTest(1 << 20, superpages: false, Iommu);
            rates[i] = test.Run(device, 64, DmaAccess.Read, WarmUp, Count, seed: i < 2 ? 1 : 2);
        }

        Assert.Equal(rates[0], rates[1]);
        Assert.NotEqual(rates[0], rates[2]);
        Assert.InRange(rates[2] / rates[0], 0.99, 1.01);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    public void A_run_has_a_warm_up_and_a_measurement(int warmUp, int count)
    {
        using var test = new ThroughputTest(4096, superpages: false, Iommu);
        Assert.Throws<ArgumentOutOfRangeException>(() => test.Run(new DeviceTiming(), 64, DmaAccess.Read, warmUp, count));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(ThroughputTest.MaxWindow + 1)]
    public void A_window_outside_its_limits_is_refused(long window) =>
        Assert.Contains($"{window}", Assert.Throws<ArgumentException>(() => new ThroughputTest(window, superpages: false, Iommu)).Message, StringComparison.Ordinal);

    // A read of 256 bytes takes 436.4 ns unloaded.
    private static (DeviceTiming Device, int Length, DmaAccess Access)[] Loads() =>
    [
        (new() { Read = 412, MeasuredInterval = 15.2 }, 64, DmaAccess.Read),
        (new() { MeasuredInterval = 21.1 }, 64, DmaAccess.Write),
        (new() { Read = 436.4 - (192 / 7.87), MeasuredInterval = 42.7 }, 256, DmaAccess.Read),
        (new() { MeasuredInterval = 40.5 }, 256, DmaAccess.Write),
    ];
}
