using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Rockchip;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Rockchip;

/// <summary>Two instances over a memory, with the driver that programs them; the first device is awake.</summary>
internal sealed class RockchipRig : IDisposable
{
    public const ulong Iova = 0x00c0_3000;
    public const ulong PageA = 0x1234_5000;
    public const ulong PageB = 0x2000_0000;
    public const Protection ReadWrite = Protection.Read | Protection.Write;

    public RockchipRig(string variant, KernelVersion kernel, RockchipOptions? options = null, RockchipDriverOptions? driver = null)
    {
        Hardware = RockchipHardware.All.Single(hardware => hardware.Name == variant);
        Memory = new PhysicalMemory(new MemoryRange(0, 8UL << 30));
        var banks = (driver ??= new RockchipDriverOptions()).Banks;
        Units = [.. Enumerable.Range(0, 2 * banks).Select(i => new RockchipIommu($"rk{i}", Memory, Hardware, options))];
        Bus = new Bus(Memory, [.. Units]);
        Frames = new FrameAllocator(Memory, 0x4000_0000, 0x1000_0000, OwnerTag.Host);
        Driver = new RockchipDriver(kernel, Hardware, Memory, Frames, 2, driver);
        Device = Behind(0, banks);
        Other = Behind(1, banks);
        Assert.Equal(0, Run(Driver.Probe()));
        Assert.Equal(0, Run(Driver.ProbeDevice(Device)));
        Assert.Equal(0, Run(Driver.ResumeDevice(Device)));
    }

    public static TheoryData<string, KernelVersion> Cases => new()
    {
        { "v1", KernelVersion.Linux61 },
        { "v2", KernelVersion.Linux61 },
        { "v1", KernelVersion.Linux612 },
        { "v2", KernelVersion.Linux612 },
    };

    public RockchipHardware Hardware { get; }

    public PhysicalMemory Memory { get; }

    public RockchipIommu[] Units { get; }

    public RockchipIommu Bank => Units[0];

    public Bus Bus { get; }

    public FrameAllocator Frames { get; }

    public RockchipDriver Driver { get; }

    public DmaDevice Device { get; }

    public DmaDevice Other { get; }

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    // What a sequence does, in words.
    public List<string> Log(IEnumerable<DriverStep> sequence)
    {
        var log = new List<string>();
        Run(sequence, step => log.Add(Bus.Describe(step)));
        return log;
    }

    public RockchipDomain Domain(ulong? page = null, Protection protection = ReadWrite)
    {
        var domain = (RockchipDomain)Driver.AllocateDomain(DomainType.Unmanaged);
        if (page is { } physical)
            Assert.Equal(0, Map(domain, Iova, physical, 0x1000, protection));
        return domain;
    }

    public RockchipDomain Attached(ulong? page = PageA, Protection protection = ReadWrite)
    {
        var domain = Domain(page, protection);
        Assert.Equal(0, Run(Driver.Attach(domain, Device)));
        return domain;
    }

    public long Map(RockchipDomain domain, ulong iova, ulong page, ulong size, Protection protection = ReadWrite) =>
        Run(Driver.Map(domain, iova, page, size, protection));

    public DmaCompletion Send(ulong iova = Iova, DmaAccess access = DmaAccess.Read, int unit = 0, ushort tag = 0)
    {
        var completion = new DmaCompletion[1];
        Units[unit].Translate([new DmaRequest(new StreamId(0), new Iova(iova), access) { Tag = tag }], completion);
        return completion[0];
    }

    // Where a DMA lands; null when it did not.
    public ulong? Dma(ulong iova = Iova, DmaAccess access = DmaAccess.Read, int unit = 0) => Landed(Send(iova, access, unit));

    public List<ulong?> Resumed(int unit = 0)
    {
        var resumed = new ResumedDma[256];
        return [.. resumed[..Units[unit].TakeResumed(resumed)].Select(dma => Landed(dma.Completion))];
    }

    public FaultRecord TakeFault()
    {
        var faults = new FaultRecord[2];
        Assert.Equal(1, Bank.Faults.Take(faults));
        return faults[0];
    }

    public ulong Read(ulong offset, int unit = 0) => Units[unit].Registers.Read(offset, 4);

    public bool Status(uint bit, int unit = 0) => (Read(RockchipRegisters.Status, unit) & bit) != 0;

    public void Order(RockchipCommand command) => Bank.Registers.Write(RockchipRegisters.Command, 4, (ulong)command);

    private static ulong? Landed(in DmaCompletion completion) => completion.Status == DmaStatus.Completed ? completion.Address.Value : null;

    private static DmaDevice Behind(int instance, int banks) =>
        new($"dev{instance}", [.. Enumerable.Range(instance * banks, banks).Select(unit => new StreamBinding(unit, new StreamId(0)))]);
}
