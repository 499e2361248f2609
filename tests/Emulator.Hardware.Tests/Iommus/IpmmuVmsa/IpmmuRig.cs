using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.IpmmuVmsa;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.IpmmuVmsa;

/// <summary>IPMMUs over a memory, with the driver that programs them, probed.</summary>
internal sealed class IpmmuRig : IDisposable
{
    public const ulong MappedIova = 0x4000_1000;
    public const ulong PageA = 0x1_0000_0000;
    public const ulong PageB = 0x2_0000_0000;

    public static readonly DmaDevice Device = new("dev", new StreamId(5));
    public static readonly DmaDevice Other = new("other", new StreamId(7));

    public IpmmuRig(IpmmuVmsaHardware hardware, KernelVersion kernel, IpmmuVmsaOptions? options = null, int instances = 1, IpmmuVmsaDriverOptions? driver = null)
    {
        options ??= new IpmmuVmsaOptions();
        Memory = new PhysicalMemory(new MemoryRange(0, 64UL << 30));
        Hardware = hardware;
        var root = hardware.HasLeaves ? new IpmmuVmsaIommu("root", Memory, hardware, options) : null;
        Units = [.. Enumerable.Range(0, instances).Select(i => new IpmmuVmsaIommu($"ipmmu{i}", Memory, hardware, options, root))];
        if (root != null)
            Units = [.. Units, root];
        Bus = new Bus(Memory, [.. Units]);
        var frames = new FrameAllocator(Memory, 48UL << 30, 16UL << 30, OwnerTag.Host);
        Driver = new IpmmuVmsaDriver(kernel, hardware, Memory, frames, instances, driver);
        Assert.Equal(0, Run(Driver.Probe()));
    }

    // Every generation under every kernel.
    public static TheoryData<string, KernelVersion> Cases
    {
        get
        {
            var cases = new TheoryData<string, KernelVersion>();
            foreach (var hardware in IpmmuVmsaHardware.All)
            {
                cases.Add(hardware.Name, KernelVersion.Linux61);
                cases.Add(hardware.Name, KernelVersion.Linux612);
            }

            return cases;
        }
    }

    public PhysicalMemory Memory { get; }

    public IpmmuVmsaHardware Hardware { get; }

    public IpmmuVmsaIommu[] Units { get; }

    // Where the DMA of unit 0's devices comes in, and where the contexts are.
    public IpmmuVmsaIommu Leaf => Units[0];

    public IpmmuVmsaIommu Root => Units[^1];

    public Bus Bus { get; }

    public IpmmuVmsaDriver Driver { get; }

    public static IpmmuRig Of(string variant, KernelVersion kernel, IpmmuVmsaOptions? options = null, int instances = 1) =>
        new(IpmmuVmsaHardware.All.Single(hardware => hardware.Name == variant), kernel, options, instances);

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    // The steps in words.
    public List<string> Log(IEnumerable<DriverStep> sequence, Action? afterEach = null)
    {
        var log = new List<string>();
        Run(sequence, step =>
        {
            log.Add(Bus.Describe(step));
            afterEach?.Invoke();
        });
        return log;
    }

    public IpmmuVmsaDomain Empty() => (IpmmuVmsaDomain)Driver.AllocateDomain(DomainType.Unmanaged);

    // A domain with one page at MappedIova, attached.
    public IpmmuVmsaDomain Attached(ulong page = PageA, Protection protection = Protection.Read | Protection.Write, DmaDevice? device = null)
    {
        var domain = Empty();
        Assert.Equal(0, Run(Driver.Attach(domain, device ?? Device)));
        Map(domain, MappedIova, page, protection);
        return domain;
    }

    public void Map(IpmmuVmsaDomain domain, ulong iova, ulong physical, Protection protection = Protection.Read | Protection.Write, ulong size = 0x1000) =>
        Assert.Equal(0, Run(DomainMapping.Map(Driver, domain, iova, physical, size, protection)));

    // Where a DMA lands; null when it was refused.
    public ulong? Dma(ulong iova = MappedIova, DmaAccess access = DmaAccess.Read, uint stream = 5, int unit = 0, DmaAttributes attributes = DmaAttributes.None)
    {
        var completion = new DmaCompletion[1];
        Units[unit].Translate([new DmaRequest(new StreamId(stream), new Iova(iova), access) { Attributes = attributes }], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }

    public FaultRecord TakeFault()
    {
        var faults = new FaultRecord[2];
        Assert.Equal(1, Leaf.Faults.Take(faults));
        return faults[0];
    }

    public uint ReadContext(int context, ulong register) => (uint)Root.Registers.Read(Hardware.Context(context, register), 4);

    public void WriteContext(int context, ulong register, uint value) => Root.Registers.Write(Hardware.Context(context, register), 4, value);

    public uint ReadMicroTlb(int number) => (uint)Leaf.Registers.Read(Hardware.MicroTlb(number, IpmmuVmsaRegisters.MicroTlbControl), 4);

    // The last table of MappedIova: the word that maps it, and those above.
    public ulong[] Words(IpmmuVmsaDomain domain, ulong iova)
    {
        var first = domain.Tables!.Root + (8 * (iova >> 30));
        var second = (Memory.Read64(first) & 0xffff_fff000) + (8 * ((iova >> 21) & 0x1ff));
        var third = (Memory.Read64(second) & 0xffff_fff000) + (8 * ((iova >> 12) & 0x1ff));
        return [first, second, third];
    }
}
