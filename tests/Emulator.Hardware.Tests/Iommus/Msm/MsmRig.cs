using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Msm;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Msm;

/// <summary>Instances of three banks over a memory, probed, each with one master: device 0 has the MIDs 3 and 5.</summary>
internal sealed class MsmRig : IDisposable
{
    public const ulong MappedIova = 0x4000_1000;
    public const ulong PageA = 0x6000_0000;
    public const ulong PageB = 0x6100_0000;
    public const Protection ReadWrite = Protection.Read | Protection.Write;

    public static readonly DmaDevice Device = new("dev", [new StreamBinding(0, new StreamId(3)), new StreamBinding(0, new StreamId(5))]);

    public MsmRig(KernelVersion kernel = KernelVersion.Linux61, int units = 1, int banks = 3, MsmOptions? options = null)
    {
        var hardware = MsmHardware.Apq8064 with { Banks = banks };
        Memory = new PhysicalMemory(new MemoryRange(0, 0xe000_0000));
        Units = [.. Enumerable.Range(0, units).Select(i => new MsmIommu($"msm{i}", Memory, hardware, options))];
        Bus = new Bus(Memory, [.. Units]);
        Frames = new FrameAllocator(Memory, 0x8000_0000, 0x2000_0000, OwnerTag.Host);
        Driver = new MsmDriver(kernel, hardware, Memory, Frames, units);
        Assert.Equal(0, Run(Driver.Probe()));
        Assert.Equal(0, Run(Driver.ProbeDevice(Device)));
    }

    public static TheoryData<KernelVersion> Kernels => [KernelVersion.Linux61, KernelVersion.Linux612];

    public PhysicalMemory Memory { get; }

    public MsmIommu[] Units { get; }

    public MsmIommu Silicon => Units[0];

    public FrameAllocator Frames { get; }

    public Bus Bus { get; }

    public MsmDriver Driver { get; }

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    // The writes, in words.
    public List<string> Writes(IEnumerable<DriverStep> sequence, int unit = 0)
    {
        var log = new List<string>();
        Run(sequence, step =>
        {
            if (step.Kind == DriverStepKind.WriteRegister && step.Unit == unit)
                log.Add($"{Units[unit].Registers.Describe(step.Address)} = {step.Value:x}");
        });
        return log;
    }

    public MsmDomain Empty() => (MsmDomain)Driver.AllocateDomain(DomainType.Unmanaged);

    // A domain with one page at MappedIova, attached.
    public MsmDomain Attached(ulong page = PageA, Protection protection = ReadWrite, DmaDevice? device = null)
    {
        var domain = Empty();
        Assert.Equal(0, Run(Driver.Attach(domain, device ?? Device)));
        Map(domain, MappedIova, page, protection: protection);
        return domain;
    }

    public void Map(MsmDomain domain, ulong iova, ulong physical, ulong size = 0x1000, Protection protection = ReadWrite) =>
        Assert.Equal(0, Run(Driver.Map(domain, iova, physical, size, protection)));

    public DmaCompletion Send(ulong iova = MappedIova, DmaAccess access = DmaAccess.Read, uint mid = 3, int unit = 0, DmaAttributes attributes = DmaAttributes.None)
    {
        var completion = new DmaCompletion[1];
        Units[unit].Translate([new DmaRequest(new StreamId(mid), new Iova(iova), access) { Attributes = attributes }], completion);
        return completion[0];
    }

    // Where a DMA lands; null when it is refused or stalled.
    public ulong? Dma(ulong iova = MappedIova, DmaAccess access = DmaAccess.Read, uint mid = 3, int unit = 0, DmaAttributes attributes = DmaAttributes.None)
    {
        var completion = Send(iova, access, mid, unit, attributes);
        return completion.Status == DmaStatus.Completed ? completion.Address.Value : null;
    }

    public ulong Read(ulong register, int bank = 0) => Silicon.Registers.Read(MsmRegisters.Bank(bank) + register, 4);

    public void Write(ulong register, uint value, int bank = 0) => Silicon.Registers.Write(MsmRegisters.Bank(bank) + register, 4, value);

    public FaultRecord TakeFault()
    {
        var faults = new FaultRecord[2];
        Assert.Equal(1, Silicon.Faults.Take(faults));
        return faults[0];
    }

    public ResumedDma[] TakeResumed()
    {
        var resumed = new ResumedDma[32];
        return resumed[..Silicon.TakeResumed(resumed)];
    }
}
