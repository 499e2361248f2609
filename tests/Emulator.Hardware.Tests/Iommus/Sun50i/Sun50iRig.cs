using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Sun50i;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Sun50i;

/// <summary>An IOMMU over a memory, with the driver that programs it and six probed devices.</summary>
internal sealed class Sun50iRig : IDisposable
{
    public const ulong MappedIova = 0x1234_5000;
    public const ulong PageA = 0x4800_1000;
    public const ulong PageB = 0x5800_2000;

    /// <summary>No RAM is here.</summary>
    public const ulong Hole = 0xe000_0000;

    public const Protection Both = Protection.Read | Protection.Write;

    public Sun50iRig(KernelVersion kernel = KernelVersion.Linux61, Sun50iOptions? options = null, Sun50iHardware? hardware = null)
    {
        Memory = new PhysicalMemory(new MemoryRange(0, Hole));
        Iommu = new Sun50iIommu("iommu", Memory, hardware ?? Sun50iHardware.H6, options ?? new Sun50iOptions());
        Bus = new Bus(Memory, Iommu);
        Frames = new FrameAllocator(Memory, 0xc000_0000, 0x1000_0000, OwnerTag.Host);
        Driver = new Sun50iDriver(kernel, Memory, Frames, new Sun50iDriverOptions { FaultHandler = (iova, access) => Reported.Add((iova, access)) });
        Assert.Empty(Driver.Probe());
        for (var i = 0; i < 6; i++)
            Assert.Equal(0, Run(Driver.ProbeDevice(Device(i))));
    }

    public PhysicalMemory Memory { get; }

    public Sun50iIommu Iommu { get; }

    public Bus Bus { get; }

    public FrameAllocator Frames { get; }

    public Sun50iDriver Driver { get; }

    /// <summary>What the driver told of faults.</summary>
    public List<(ulong Iova, DmaAccess Access)> Reported { get; } = [];

    public static DmaDevice Device(int master = 0) => new($"dev{master}", new StreamId((uint)master));

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    // What a sequence writes: offset and value.
    public List<(ulong Offset, ulong Value)> Writes(IEnumerable<DriverStep> sequence)
    {
        var writes = new List<(ulong, ulong)>();
        Run(sequence, step =>
        {
            if (step.Kind == DriverStepKind.WriteRegister)
                writes.Add((step.Address, step.Value));
        });
        return writes;
    }

    // Runs a sequence whose polls of a command never see it done.
    public long RunStuck(IEnumerable<DriverStep> sequence, ulong command)
    {
        foreach (var step in sequence)
        {
            if (step.Kind == DriverStepKind.Return)
                return step.Result;
            Bus.Perform(step);
            if (step.Kind == DriverStepKind.ReadRegister && step.Address == command)
                step.Value = 1;
        }

        return 0;
    }

    // A domain with one page at MappedIova.
    public Sun50iDomain Domain(ulong page, Protection protection = Both)
    {
        var domain = (Sun50iDomain)Driver.AllocateDomain(DomainType.Unmanaged);
        Map(domain, MappedIova, page, protection: protection);
        return domain;
    }

    public Sun50iDomain Attached(ulong page = PageA, Protection protection = Both, int master = 0)
    {
        var domain = Domain(page, protection);
        Assert.Equal(0, Run(Driver.Attach(domain, Device(master))));
        return domain;
    }

    public void Map(Sun50iDomain domain, ulong iova, ulong physical, ulong size = 0x1000, Protection protection = Both) =>
        Assert.Equal(0, Run(DomainMapping.Map(Driver, domain, iova, physical, size, protection)));

    public long Unmap(Sun50iDomain domain, ulong iova, ulong size = 0x1000) => Run(DomainMapping.Unmap(Driver, domain, iova, size));

    public void Detach(Sun50iDomain domain, int master = 0) => Assert.Equal(0, Run(Driver.Detach(domain, Device(master))));

    // Where a DMA lands; null when it was refused or waits.
    public ulong? Dma(ulong iova = MappedIova, DmaAccess access = DmaAccess.Read, int master = 0)
    {
        var completion = Send(iova, access, master);
        return completion.Status == DmaStatus.Completed ? completion.Address.Value : null;
    }

    public DmaCompletion Send(ulong iova = MappedIova, DmaAccess access = DmaAccess.Read, int master = 0, ushort tag = 0)
    {
        var completion = new DmaCompletion[1];
        Iommu.Translate([new DmaRequest(new StreamId((uint)master), new Iova(iova), access) { Tag = tag }], completion);
        return completion[0];
    }

    // Requests that were let go: tag, and where each landed.
    public (int Tag, ulong? Landed)[] TakeResumed()
    {
        var resumed = new ResumedDma[16];
        var count = Iommu.TakeResumed(resumed);
        return [.. resumed[..count].Select(dma =>
            ((int)dma.Request.Tag, dma.Completion.Status == DmaStatus.Completed ? dma.Completion.Address.Value : (ulong?)null))];
    }

    public FaultRecord TakeFault()
    {
        var faults = new FaultRecord[2];
        Assert.Equal(1, Iommu.Faults.Take(faults));
        return faults[0];
    }

    public uint Read(ulong offset) => (uint)Iommu.Registers.Read(offset, 4);

    public void Write(ulong offset, uint value) => Iommu.Registers.Write(offset, 4, value);

    // What the handler does to a master, without its invalidations.
    public void Pulse(int master)
    {
        Write(Sun50iRegisters.Reset, ~(1u << master));
        Write(Sun50iRegisters.Reset, Sun50iRegisters.ReleaseAll);
    }

    public void PowerOn() => Write(Sun50iRegisters.BusGateReset, Sun50iRegisters.ResetReleased | Sun50iRegisters.ClockOn);
}
