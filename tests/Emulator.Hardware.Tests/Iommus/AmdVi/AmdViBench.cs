using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.AmdVi;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.AmdVi;

// A probed platform of one variant with device 03:00.0 behind it.
internal sealed class AmdViBench : IDisposable
{
    public const ulong Page = 0x12345000;
    public const ulong Target = 0x123456000;

    public AmdViBench(KernelVersion kernel, string variant = AmdViRoom.HostTables)
    {
        Platform = AmdViRoom.Room.Create(new PlatformOptions { Kernel = kernel, Variant = variant });
        Run(Driver.Probe());
        Run(Driver.ProbeDevice(Device));
    }

    public Platform Platform { get; }

    public AmdViDriver Driver => (AmdViDriver)Platform.Driver;

    public AmdViIommu Silicon => (AmdViIommu)Platform.Bus.Units[0];

    public PhysicalMemory Memory => Platform.Memory;

    public DmaDevice Device { get; } = new("03:00.0", StreamId.Pci(3, 0, 0));

    public long Run(IEnumerable<DriverStep> sequence) => Platform.Bus.Run(sequence);

    // A domain with one writable page, and the device attached to it.
    public IommuDomain AttachMapped(DomainType type = DomainType.Unmanaged)
    {
        var domain = Driver.AllocateDomain(type);
        Map(domain, Page, Target);
        Run(Driver.Attach(domain, Device));
        return domain;
    }

    public void Map(IommuDomain domain, ulong iova, ulong physical, ulong size = 0x1000, Protection protection = Protection.Read | Protection.Write)
    {
        var gather = new InvalidationGather();
        Assert.Equal(Errno.None, DomainPaging.Map(domain.PageTable!, iova, physical, size, protection, gather).Errno);
        Run(Driver.SyncMap(domain, new Iova(iova), size, gather));
    }

    public void Unmap(IommuDomain domain, ulong iova, ulong size = 0x1000)
    {
        var gather = new InvalidationGather();
        DomainPaging.Unmap(domain.PageTable!, iova, size, gather);
        Run(Driver.Sync(domain, gather));
    }

    public DmaCompletion Dma(ulong iova, DmaAccess access = DmaAccess.Write, DmaDevice? device = null) =>
        Dma(new DmaRequest((device ?? Device).Stream, new Iova(iova), access));

    public DmaCompletion Dma(DmaRequest request) => AmdViSilicon.Translate(Silicon, request);

    public ulong DeviceTableWord(DmaDevice device, int word) => Memory.Read64(Driver.DeviceTable + (device.Stream.Value * AmdViDeviceTableEntry.Size) + ((ulong)word * 8));

    public List<AmdViEvent> Events() => AmdViSilicon.Events(Silicon, Memory);

    public void Dispose() => Platform.Dispose();
}
