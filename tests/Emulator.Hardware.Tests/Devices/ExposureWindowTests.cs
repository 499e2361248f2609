using Emulator.Hardware.Devices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Tests.Devices;

/// <summary>What lazy unmaps leave within reach, counted in DMAs.</summary>
public sealed class ExposureWindowTests : IDisposable
{
    private const int RingSize = 4;

    private readonly Platform _platform = IommuCatalog.Find("intel")!.Create(new PlatformOptions { Devices = 1 });
    private readonly TimedPlatform _timed;
    private readonly DmaEngine _engine;

    public ExposureWindowTests()
    {
        _timed = new TimedPlatform(_platform, new IommuTiming());
        var port = new DmaPort(_platform.Bus.Units[0], _timed.TimerOf(0), new RequestTimer(new DeviceTiming()));
        _engine = new DmaEngine(port, _platform.Device(0).Stream, engine => engine.Record(new DmaRequest[64], new DmaCompletion[64], new int[64]));
    }

    [Fact]
    public void A_full_ring_ends_a_window_and_the_unmap_that_found_it_full_begins_the_next()
    {
        var dma = Dma(DmaMode.Lazy);
        var buffers = Map(dma, RingSize + 1);
        Unmap(dma, buffers[0]);
        Send(buffers[RingSize], 3);
        Unmap(dma, buffers[1]);
        Send(buffers[RingSize], 2);
        Assert.Equal((5L, 5L), (dma.MostExposedDmas, dma.ExposedDmas));
        Unmap(dma, buffers[2]);
        Unmap(dma, buffers[3]);
        Assert.Equal(1, dma.Mapping.Queue!.FullFlushes);
        Send(buffers[RingSize], 1);
        Assert.Equal((5L, 6L), (dma.MostExposedDmas, dma.ExposedDmas));
    }

    [Fact]
    public void Nothing_can_be_reached_after_the_timer_has_flushed()
    {
        var dma = Dma(DmaMode.Lazy);
        var buffers = Map(dma, 2);
        Unmap(dma, buffers[0]);
        Send(buffers[1], 7);
        _timed.Timeline.AdvanceTo(20 * VirtualTime.Millisecond);
        Assert.Equal((1L, 0L), (dma.Mapping.Queue!.Flushed, dma.Mapping.Queue.Exposed));
        Send(buffers[1], 9);
        Assert.Equal((7L, 7L), (dma.MostExposedDmas, dma.ExposedDmas));
    }

    [Fact]
    public void A_strict_unmap_leaves_nothing_within_reach()
    {
        var dma = Dma(DmaMode.Strict);
        var buffers = Map(dma, 2);
        Unmap(dma, buffers[0]);
        Send(buffers[1], 4);
        Assert.Equal((0L, 0L), (dma.MostExposedDmas, dma.ExposedDmas));
        Assert.Equal(1, dma.Invalidations);
    }

    public void Dispose() => _platform.Dispose();

    private KernelDma Dma(DmaMode mode)
    {
        var (driver, device) = (_platform.Driver, _platform.Device(0));
        _platform.Bus.Run(driver.Probe());
        _platform.Bus.Run(driver.ProbeDevice(device));
        var domain = driver.AllocateDomain(mode == DmaMode.Lazy ? DomainType.DmaFlushQueue : DomainType.Dma);
        driver.Finalise(domain, device);
        Assert.Equal(0, _platform.Bus.Run(driver.Attach(domain, device)));
        return new KernelDma(_timed, domain, new DmaMappingOptions { Mode = mode, FlushQueue = new FlushQueueOptions { Size = RingSize } }, _engine);
    }

    private static List<ulong> Map(KernelDma dma, int count)
    {
        var addresses = new List<ulong>();
        for (var i = 0; i < count; i++)
        {
            dma.Map(0, 0x100_0000 + ((ulong)i * 4096), 4096, DmaDirection.Bidirectional, cpu: 0, out var address);
            addresses.Add(address);
        }

        return addresses;
    }

    private static void Unmap(KernelDma dma, ulong address) => dma.Unmap(1000, address, 4096, cpu: 0);

    private void Send(ulong address, int count)
    {
        for (var i = 0; i < count; i++)
            _engine.Send(address, DmaAccess.Write, 64, 2000);
    }
}
