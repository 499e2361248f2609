using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.QcomIommu;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.QcomIommu;

/// <summary>An IOMMU of five banks over a memory, with the driver that programs it, probed.</summary>
internal sealed class QcomRig : IDisposable
{
    public const ulong MappedIova = 0x4000_1000;
    public const ulong PageA = 0x1_0000_0000;
    public const ulong PageB = 0x2_0000_0000;

    public static readonly DmaDevice Device = new("dev", new StreamId(1));
    public static readonly DmaDevice Other = new("other", new StreamId(3));
    public static readonly DmaDevice Gpu = new("gpu", [new StreamBinding(0, new StreamId(1)), new StreamBinding(0, new StreamId(2))]);

    public QcomRig(KernelVersion kernel = KernelVersion.Linux61, QcomIommuHardware? hardware = null, QcomIommuOptions? options = null, QcomFirmware? firmware = null, int units = 1)
    {
        hardware ??= QcomIommuHardware.Msm8916 with { Banks = 5 };
        Memory = new PhysicalMemory(new MemoryRange(0, 64UL << 30));
        Units = [.. Enumerable.Range(0, units).Select(i => new QcomIommuIommu($"iommu{i}", Memory, hardware, options ?? new QcomIommuOptions()))];
        Bus = new Bus(Memory, [.. Units]);
        Frames = new FrameAllocator(Memory, 48UL << 30, 16UL << 30, OwnerTag.Host);
        Driver = new QcomIommuDriver(kernel, hardware, Memory, Frames, units, new QcomIommuDriverOptions { Firmware = firmware ?? new QcomFirmware() });
        Assert.Equal(0, Run(Driver.Probe()));
    }

    public static TheoryData<KernelVersion> Kernels => [KernelVersion.Linux61, KernelVersion.Linux612];

    public PhysicalMemory Memory { get; }

    public QcomIommuIommu[] Units { get; }

    public QcomIommuIommu Silicon => Units[0];

    public FrameAllocator Frames { get; }

    public Bus Bus { get; }

    public QcomIommuDriver Driver { get; }

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    // The steps in words.
    public List<string> Log(IEnumerable<DriverStep> sequence)
    {
        var log = new List<string>();
        Run(sequence, step => log.Add(Bus.Describe(step)));
        return log;
    }

    public QcomIommuDomain Empty() => (QcomIommuDomain)Driver.AllocateDomain(DomainType.Unmanaged);

    // A domain with one page at MappedIova, attached.
    public QcomIommuDomain Attached(ulong page = PageA, Protection protection = Protection.Read | Protection.Write, DmaDevice? device = null)
    {
        var domain = Empty();
        Assert.Equal(0, Run(Driver.Attach(domain, device ?? Device)));
        Map(domain, MappedIova, page, protection);
        return domain;
    }

    public void Map(QcomIommuDomain domain, ulong iova, ulong physical, Protection protection = Protection.Read | Protection.Write) =>
        Assert.Equal(0, Run(DomainMapping.Map(Driver, domain, iova, physical, 0x1000, protection)));

    public DmaCompletion Send(ulong iova = MappedIova, DmaAccess access = DmaAccess.Read, uint stream = 1, int unit = 0, DmaAttributes attributes = DmaAttributes.None)
    {
        var completion = new DmaCompletion[1];
        Units[unit].Translate([new DmaRequest(new StreamId(stream), new Iova(iova), access) { Attributes = attributes }], completion);
        return completion[0];
    }

    // Where a DMA lands; null when it is refused or held.
    public ulong? Dma(ulong iova = MappedIova, DmaAccess access = DmaAccess.Read, uint stream = 1, int unit = 0, DmaAttributes attributes = DmaAttributes.None)
    {
        var completion = Send(iova, access, stream, unit, attributes);
        return completion.Status == DmaStatus.Completed ? completion.Address.Value : null;
    }

    public ResumedDma[] TakeResumed()
    {
        var resumed = new ResumedDma[32];
        return resumed[..Silicon.TakeResumed(resumed)];
    }

    public FaultRecord TakeFault()
    {
        var faults = new FaultRecord[2];
        Assert.Equal(1, Silicon.Faults.Take(faults));
        return faults[0];
    }

    public ulong Read(ulong register, int bank = 1, int width = 4) => Silicon.Registers.Read(QcomIommuHardware.Bank(bank) + register, width);

    public void Write(ulong register, uint value, int bank = 1) => Silicon.Registers.Write(QcomIommuHardware.Bank(bank) + register, 4, value);

    // Addresses of the words that map MappedIova, first to last level.
    public ulong[] Words(QcomIommuDomain domain, ulong iova = MappedIova)
    {
        var first = domain.Tables!.Root + (8 * (iova >> 30));
        var second = (Memory.Read64(first) & 0xffff_fff000) + (8 * ((iova >> 21) & 0x1ff));
        var third = (Memory.Read64(second) & 0xffff_fff000) + (8 * ((iova >> 12) & 0x1ff));
        return [first, second, third];
    }
}
