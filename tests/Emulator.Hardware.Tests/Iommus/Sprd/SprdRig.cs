using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Sprd;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Sprd;

/// <summary>Two instances over a memory, with the driver that programs them, probed.</summary>
internal sealed class SprdRig : IDisposable
{
    public const ulong Iova = 0x0abc_d000;
    public const ulong PageA = 0x8f12_3000;
    public const ulong PageB = 0x7000_0000;

    public static readonly DmaDevice Device = new("dev0", new StreamId(0));
    public static readonly DmaDevice Other = new("dev1", [new StreamBinding(1, new StreamId(0))]);

    public SprdRig(string variant, KernelVersion kernel, SprdOptions? options = null)
    {
        Hardware = SprdHardware.All.Single(hardware => hardware.Name == variant);
        Memory = new PhysicalMemory(new MemoryRange(0, 4UL << 30));
        Units = [new SprdIommu("sprd0", Memory, Hardware, options), new SprdIommu("sprd1", Memory, Hardware, options)];
        Bus = new Bus(Memory, Units);
        Frames = new FrameAllocator(Memory, 0x9000_0000, 0x1000_0000, OwnerTag.Host);
        Driver = new SprdDriver(kernel, Hardware, Memory, Frames, 2);
        Assert.Equal(0, Run(Driver.Probe()));
    }

    public static TheoryData<string, KernelVersion> Cases => new()
    {
        { "ex", KernelVersion.Linux61 },
        { "vau", KernelVersion.Linux61 },
        { "ex", KernelVersion.Linux612 },
        { "vau", KernelVersion.Linux612 },
    };

    public SprdHardware Hardware { get; }

    public PhysicalMemory Memory { get; }

    public SprdIommu[] Units { get; }

    public Bus Bus { get; }

    public FrameAllocator Frames { get; }

    public SprdDriver Driver { get; }

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    public SprdDomain Domain() => (SprdDomain)Driver.AllocateDomain(DomainType.Unmanaged);

    public SprdDomain Attached(ulong page = PageA, DmaDevice? device = null)
    {
        var domain = Domain();
        Assert.Equal(0, Run(Driver.Attach(domain, device ?? Device)));
        Assert.Equal(0, Map(domain, Iova, page, 0x1000));
        return domain;
    }

    public long Map(SprdDomain domain, ulong iova, ulong page, ulong size, Protection protection = Protection.Read | Protection.Write) =>
        Run(Driver.Map(domain, iova, page, size, protection));

    public ulong? Dma(ulong iova = Iova, DmaAccess access = DmaAccess.Read, int unit = 0)
    {
        var completion = new DmaCompletion[1];
        Units[unit].Translate([new DmaRequest(new StreamId(0), new Iova(iova), access)], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }

    public ulong Register(ulong offset) => Units[0].Registers.Read(offset, 4);

    public ulong ProtectPage => Register(SprdRegisters.DefaultPpn) << 12;
}
