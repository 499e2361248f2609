using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.MtkV1;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.MtkV1;

/// <summary>An M4U over a memory, with the driver that programs it, probed.</summary>
internal sealed class MtkV1Rig : IDisposable
{
    public const uint Port = 21;
    public const ulong Iova = 0x1234_5000;
    public const ulong Page = 0x9abc_d000;

    public static readonly DmaDevice Device = new("dev", new StreamId(Port));

    public MtkV1Rig(KernelVersion kernel = KernelVersion.Linux61, IotlbGeometry? tlb = null)
    {
        Memory = new PhysicalMemory(new MemoryRange(0, 4UL << 30));
        Silicon = new MtkV1Iommu("m4u", Memory, new MtkV1Options { Iotlb = tlb ?? new IotlbGeometry() });
        Bus = new Bus(Memory, Silicon);
        Frames = new FrameAllocator(Memory, 0xb000_0000, 0x1000_0000, OwnerTag.Host);
        Driver = new MtkV1Driver(kernel, Memory, Frames);
        Assert.Equal(0, Run(Driver.Probe()));
        Domain = (MtkV1Domain)Driver.AllocateDomain(DomainType.Unmanaged);
    }

    public PhysicalMemory Memory { get; }

    public MtkV1Iommu Silicon { get; }

    public Bus Bus { get; }

    public FrameAllocator Frames { get; }

    public MtkV1Driver Driver { get; }

    // The driver's own domain.
    public MtkV1Domain Domain { get; }

    public MtkV1PageTable Table => (MtkV1PageTable)Domain.PageTable!;

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    public MtkV1Rig AttachAndMap(DmaDevice? device = null)
    {
        Assert.Equal(0, Run(Driver.Attach(Domain, device ?? Device)));
        Assert.Equal(0, Run(Driver.ResumeDevice(device ?? Device)));
        Assert.Equal(0, Map(Iova, Page, 0x1000));
        return this;
    }

    public long Map(ulong iova, ulong page, ulong size, Protection protection = Protection.Read | Protection.Write) => Run(Driver.Map(Domain, iova, page, size, protection));

    public ulong? Dma(ulong iova = Iova, DmaAccess access = DmaAccess.Read, uint port = Port)
    {
        var completion = new DmaCompletion[1];
        Silicon.Translate([new DmaRequest(new StreamId(port), new Iova(iova), access)], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }

    public ulong Read(ulong offset) => Silicon.Registers.Read(offset, 4);
}
