using Emulator.Hardware.Devices;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Tests.Devices;

/// <summary>Devices behind an IOMMU of the catalogue in virtual time, each with a domain of its own.</summary>
internal sealed class DeviceRig : IDisposable
{
    private const ulong Memory = 0x4000_0000;
    private const ulong Stride = 0x200_0000;

    private readonly Platform _platform;
    private readonly List<DeviceAgent> _ranks = [];

    public DeviceRig(string iommu = "intel", DmaMode mode = DmaMode.Strict, int devices = 1, int cpus = 1, KernelVersion kernel = KernelVersion.Linux61)
    {
        _platform = IommuCatalog.Find(iommu)!.Create(new PlatformOptions { Kernel = kernel, Devices = devices });
        Timed = new TimedPlatform(_platform, new IommuTiming());
        var driver = _platform.Driver;
        _platform.Bus.Run(driver.Probe());
        Devices = [.. Enumerable.Range(0, devices).Select(index =>
        {
            var device = _platform.Device(index);
            _platform.Bus.Run(driver.ProbeDevice(device));
            var domain = driver.AllocateDomain(mode switch
            {
                DmaMode.PassThrough => DomainType.Identity,
                DmaMode.Lazy => DomainType.DmaFlushQueue,
                _ => DomainType.Dma,
            });
            driver.Finalise(domain, device);
            _platform.Bus.Run(driver.Attach(domain, device));
            var port = new DmaPort(_platform.Bus.Units[device.Streams[0].Unit], Timed.TimerOf(device.Streams[0].Unit), new RequestTimer(new DeviceTiming()));
            return new RigDevice(Timed, domain, new DmaMappingOptions { Mode = mode, Cpus = cpus }, port, device.Streams[0].Stream, Memory + ((ulong)index * Stride), Stride);
        })];
    }

    public TimedPlatform Timed { get; }

    public IReadOnlyList<RigDevice> Devices { get; }

    public RigDevice Device => Devices[0];

    /// <summary>Runs a program on every device until nothing is left to happen.</summary>
    public void Run(DeviceProgram program)
    {
        program.Validate();
        foreach (var device in Devices)
            program.Create(new DeviceContext(Timed, device.Engine, device.Dma, device.Memory, 1, device.Counts, _ranks, () => device.Ended++));
        Drain();
        Assert.All(Devices, device => Assert.Equal(1, device.Ended));
    }

    public void Drain()
    {
        while (Timed.Timeline.NextAct is var next and not VirtualTime.Never)
            Timed.Timeline.AdvanceTo(next + 1);
        foreach (var device in Devices)
            device.Engine.Flush();
    }

    public void Dispose() => _platform.Dispose();
}
