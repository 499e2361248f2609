using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Hardware.Tests.DmaApi;

/// <summary>A device behind an IOMMU of the catalogue, attached to a domain of the DMA API.</summary>
internal sealed class DmaRig : IDisposable
{
    private readonly Platform _platform;
    private readonly DmaCompletion[] _completions = new DmaCompletion[1];

    public DmaRig(string iommu, DmaMappingOptions? options = null, KernelVersion kernel = KernelVersion.Linux61)
    {
        options ??= new DmaMappingOptions();
        _platform = IommuCatalog.Find(iommu)!.Create(new PlatformOptions { Kernel = kernel, Devices = 1 });
        _platform.Bus.Observer = _ => Steps++;
        var (driver, device) = (_platform.Driver, _platform.Device(0));
        Run(driver.Probe());
        Run(driver.ProbeDevice(device));
        Domain = driver.AllocateDomain(options.Mode switch
        {
            DmaMode.PassThrough => DomainType.Identity,
            DmaMode.Lazy => DomainType.DmaFlushQueue,
            _ => DomainType.Dma,
        });
        driver.Finalise(Domain, device);
        Run(driver.Attach(Domain, device));
        Run(driver.ResumeDevice(device));
        Dma = new DmaMapping(driver, Domain, Run, options);
        Device = device;
    }

    public IommuDomain Domain { get; }

    public DmaDevice Device { get; }

    public DmaMapping Dma { get; }

    public long Steps { get; private set; }

    public IIommuDriver Driver => _platform.Driver;

    /// <summary>Where a DMA lands; null when nowhere.</summary>
    public ulong? Send(ulong address, DmaAccess access = DmaAccess.Write)
    {
        _platform.Bus.Units[0].Translate([new DmaRequest(Device.Stream, new Iova(address), access)], _completions);
        return _completions[0].Status == DmaStatus.Completed ? _completions[0].Address.Value : null;
    }

    public long Run(IEnumerable<DriverStep> sequence) => _platform.Bus.Run(sequence);

    public void Dispose() => _platform.Dispose();
}
