using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.TegraSmmu;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.TegraSmmu;

/// <summary>A Tegra SMMU over 3 GiB of memory, with the driver that programs it, probed.</summary>
internal sealed class SmmuRig : IDisposable
{
    public const ulong MappedIova = 0x8000_1000;
    public const ulong PageA = 0x2000_0000;
    public const ulong PageB = 0x3000_0000;
    public const ulong NoMemory = 0xd000_0000;

    // Clients of dc, which every chip has; of hda; of the CPU, which has no gate.
    public const uint Display = 0x01;
    public const uint Audio = 0x15;
    public const uint Cpu = 0x27;

    public static readonly DmaDevice DisplayDevice = DeviceOf("display", Display);
    public static readonly DmaDevice AudioDevice = DeviceOf("audio", Audio);

    public SmmuRig(TegraSmmuHardware hardware, KernelVersion kernel = KernelVersion.Linux61, TegraSmmuOptions? options = null, IFrameAllocator? frames = null)
    {
        Hardware = hardware;
        Memory = new PhysicalMemory(new MemoryRange(0, 3UL << 30));
        Smmu = new TegraSmmuIommu("smmu", Memory, hardware, options ?? new TegraSmmuOptions());
        Bus = new Bus(Memory, Smmu);
        Frames = frames ?? new FrameAllocator(Memory, 0xa000_0000, 0x1000_0000, OwnerTag.Host);
        Driver = new TegraSmmuDriver(kernel, hardware, Memory, Frames);
        Assert.Equal(0, Run(Driver.Probe()));
    }

    // Every chip under both kernels.
    public static TheoryData<string, KernelVersion> Cases
    {
        get
        {
            var cases = new TheoryData<string, KernelVersion>();
            foreach (var hardware in TegraSmmuHardware.All)
            {
                cases.Add(hardware.Name, KernelVersion.Linux61);
                cases.Add(hardware.Name, KernelVersion.Linux612);
            }

            return cases;
        }
    }

    public TegraSmmuHardware Hardware { get; }

    public PhysicalMemory Memory { get; }

    public TegraSmmuIommu Smmu { get; }

    public Bus Bus { get; }

    public IFrameAllocator Frames { get; }

    public TegraSmmuDriver Driver { get; }

    public static DmaDevice DeviceOf(string name, params uint[] clients) => new(name, [.. clients.Select(client => new StreamBinding(0, new StreamId(client)))]);

    public static SmmuRig Of(string variant, KernelVersion kernel = KernelVersion.Linux61, TegraSmmuOptions? options = null) =>
        new(TegraSmmuHardware.All.Single(hardware => hardware.Name == variant), kernel, options);

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    // The register accesses of a sequence, in words.
    public IReadOnlyList<string> Trace(IEnumerable<DriverStep> sequence)
    {
        var trace = new List<string>();
        Run(sequence, step => trace.Add(step.Kind == DriverStepKind.WriteRegister ? $"w {step.Address:x} {step.Value:x}" : $"r {step.Address:x}"));
        return trace;
    }

    public TegraSmmuDomain Allocate() => (TegraSmmuDomain)Driver.AllocateDomain(DomainType.Unmanaged);

    // A domain with one page at MappedIova, attached.
    public TegraSmmuDomain Attached(ulong page = PageA, DmaDevice? device = null, Protection protection = Protection.Read | Protection.Write)
    {
        var domain = Allocate();
        Assert.Equal(0, Run(Driver.Attach(domain, device ?? DisplayDevice)));
        Assert.Equal(0, Run(Driver.Map(domain, MappedIova, page, 0x1000, protection)));
        return domain;
    }

    // Where a DMA lands; null when it was refused.
    public ulong? Dma(ulong iova = MappedIova, DmaAccess access = DmaAccess.Read, uint client = Display)
    {
        var completion = new DmaCompletion[1];
        Smmu.Translate([new DmaRequest(new StreamId(client), new Iova(iova), access)], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }

    public FaultRecord TakeFault()
    {
        var faults = new FaultRecord[2];
        Assert.Equal(1, Smmu.Faults.Take(faults));
        return faults[0];
    }

    public uint Read(ulong offset) => (uint)Smmu.Registers.Read(offset, 4);

    public void Write(ulong offset, uint value) => Smmu.Registers.Write(offset, 4, value);
}
