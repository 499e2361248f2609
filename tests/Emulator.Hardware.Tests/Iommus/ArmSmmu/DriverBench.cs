using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.ArmSmmu;
using Emulator.Hardware.Iommus.ArmSmmu.Driver;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmu;

/// <summary>The driver over the silicon. The kernel's tables lie from 0x8000_0000 up.</summary>
internal sealed class DriverBench : IDisposable
{
    /// <summary>Eight banks, three of them for stage 2 only: the first stage-1 domain gets bank 3.</summary>
    public const uint Id1 = 0x2003_0008;

    public const Protection ReadWriteCache = Protection.Read | Protection.Write | Protection.Cache;

    public DriverBench(
        KernelVersion kernel = KernelVersion.Linux61, ArmSmmuOptions? hardware = null, ArmSmmuDriverOptions? options = null, ulong tables = 0x8000_0000, bool probe = true)
    {
        Hardware = hardware ?? new ArmSmmuOptions { Id1 = Id1 };
        Memory = new PhysicalMemory(new MemoryRange(0, 4UL << 30));
        Silicon = new ArmSmmuIommu("smmu", Memory, Hardware);
        Driver = new ArmSmmuDriver(Memory, new FrameAllocator(Memory, tables, 0x1000_0000, OwnerTag.Host), kernel, options);
        Bus = new Bus(Memory, Silicon);
        if (probe)
            Assert.Equal(0, Run(Driver.Probe()));
    }

    public ArmSmmuOptions Hardware { get; }

    public PhysicalMemory Memory { get; }

    public ArmSmmuIommu Silicon { get; }

    public ArmSmmuDriver Driver { get; }

    public Bus Bus { get; }

    public DmaDevice Device { get; } = new("dev0", new StreamId(0x42));

    public DmaDevice Other { get; } = new("dev1", new StreamId(0x43));

    public long Run(IEnumerable<DriverStep> sequence) => Bus.Run(sequence);

    /// <summary>Runs a sequence and gives its register writes as offset and value.</summary>
    public List<(ulong Offset, ulong Value)> Writes(IEnumerable<DriverStep> sequence)
    {
        var writes = new List<(ulong, ulong)>();
        Bus.Run(sequence, step =>
        {
            if (step.Kind == DriverStepKind.WriteRegister)
                writes.Add((step.Address, step.Value));
        });
        return writes;
    }

    public IommuDomain Attached(DmaDevice? device = null, DomainType type = DomainType.Unmanaged)
    {
        var domain = Driver.AllocateDomain(type);
        Assert.Equal(0, Run(Driver.Attach(domain, Probed(device ?? Device))));
        return domain;
    }

    public DmaDevice Probed(DmaDevice device)
    {
        var result = Run(Driver.ProbeDevice(device));
        Assert.True(result is 0 or -(long)Errno.EEXIST);
        return device;
    }

    public void Map(IommuDomain domain, ulong iova, ulong physical, ulong size = 0x1000, Protection protection = ReadWriteCache) =>
        Assert.Equal(0, Run(((IIommuDriver)Driver).Map(domain, iova, physical, size, protection)));

    public ulong? Lands(ulong iova, DmaAccess access = DmaAccess.Write, DmaDevice? device = null)
    {
        var completion = new DmaCompletion[1];
        Silicon.Translate([new DmaRequest((device ?? Device).Stream, new Iova(iova), access)], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }

    /// <summary>The global faults recorded, which are then cleared.</summary>
    public uint GlobalFault()
    {
        var status = (uint)Silicon.Registers.Read(R.GlobalFaultStatus, 4);
        Silicon.Registers.Write(R.GlobalFaultStatus, 4, status);
        return status;
    }

    public ulong Read(ulong offset, int width = 4) => Silicon.Registers.Read(offset, width);

    public void Dispose() => Memory.Dispose();
}
