using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Tests.Timing;

public sealed class DmaPortTests
{
    private const long Read = 437_000;
    private const long Upstream = 150_000;
    private const long Walk = 286_000;

    private static readonly DeviceTiming Device = new() { MeasuredInterval = 20 };

    [Fact]
    public void The_first_DMA_of_a_page_walks_the_second_waits_for_it_and_a_later_one_hits()
    {
        using var test = new ThroughputTest(4096, superpages: false, new());
        var port = new DmaPort(test.Unit, new TranslationTimer(new()), new RequestTimer(Device));
        var request = new DmaRequest(test.Device.Stream, test.Place(new Random(1), 4096), DmaAccess.Read, 64);
        Assert.Equal(Walk + Read, port.Transfer(request, 0));
        Assert.Equal((DmaStatus.Completed, 0L), (port.Completion.Status, port.Issued));
        Assert.Equal(20_000, port.IssueTime(0, 64, isWrite: false));
        Assert.Equal(Walk + Read, port.Transfer(request, 0));
        Assert.Equal(20_000, port.Issued);
        Assert.Equal(1_000_000 + Read, port.Transfer(request, 1_000_000));
        Assert.Equal((1L, 2L), (test.Unit.Iotlb!.Misses, test.Unit.Iotlb.Hits));
    }

    [Fact]
    public void A_DMA_that_is_refused_is_over_when_it_has_been_translated()
    {
        using var test = new ThroughputTest(4096, superpages: false, new());
        var port = new DmaPort(test.Unit, new TranslationTimer(new()), new RequestTimer(Device));
        Assert.Equal(Upstream + Walk, port.Transfer(new DmaRequest(test.Device.Stream, new Iova(0), DmaAccess.Read, 64), 0));
        Assert.Equal(DmaStatus.Aborted, port.Completion.Status);
    }

    [Theory]
    [InlineData("intel")]
    [InlineData("amd")]
    [InlineData("arm-smmu-v3")]
    public void A_device_that_passes_through_walks_no_table(string iommu)
    {
        using var platform = IommuCatalog.Find(iommu)!.Create(new PlatformOptions());
        var device = platform.Device(0);
        platform.Bus.Run(platform.Driver.Probe());
        platform.Bus.Run(platform.Driver.ProbeDevice(device));
        var domain = platform.Driver.AllocateDomain(DomainType.Identity);
        platform.Driver.Finalise(domain, device);
        Assert.Equal(0, platform.Bus.Run(platform.Driver.Attach(domain, device)));
        var port = new DmaPort(platform.Bus.Units[0], new TranslationTimer(new()), new RequestTimer(Device));
        var request = new DmaRequest(device.Stream, new Iova(0x10_0000), DmaAccess.Read, 64);
        Assert.Equal(Read, port.Transfer(request, 0));
        Assert.Equal(1_000_000 + Read, port.Transfer(request, 1_000_000));
        Assert.Equal(DmaStatus.Completed, port.Completion.Status);
    }

    [Fact]
    public void A_DMA_allocates_nothing()
    {
        using var test = new ThroughputTest(1 << 20, superpages: false, new());
        var port = new DmaPort(test.Unit, new TranslationTimer(new()), new RequestTimer(Device));
        var random = new Random(1);
        Send();
        Assert.Equal(0, Allocations.Of(() => Send()));

        void Send()
        {
            for (var i = 0; i < 1000; i++)
                port.Transfer(new DmaRequest(test.Device.Stream, test.Place(random, 64), DmaAccess.Write, 64), 0);
        }
    }
}
