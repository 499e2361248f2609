using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Exynos;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Exynos;

/// <summary>SysMMUs over a memory, with the driver that programs them, probed. Each has a master of its own, which is awake.</summary>
internal sealed class ExynosRig : IDisposable
{
    public const ulong MappedIova = 0x1234_5000;
    public const ulong PageA = 0x4567_8000;
    public const ulong PageB = 0x5678_9000;

    /// <summary>No RAM is here.</summary>
    public const ulong Hole = 0xe000_0000;

    public ExynosRig(
        ExynosHardware hardware, KernelVersion kernel = KernelVersion.Linux61, ExynosOptions? options = null, int units = 1, bool awake = true, bool handler = true)
    {
        Memory = new PhysicalMemory(new MemoryRange(0, Hole), new MemoryRange(4UL << 30, 60UL << 30));
        Hardware = hardware;
        Units = [.. Enumerable.Range(0, units).Select(i => new ExynosIommu($"sysmmu{i}", Memory, hardware, options ?? new ExynosOptions()))];
        Bus = new Bus(Memory, [.. Units]);
        Frames = new FrameAllocator(Memory, 0xc000_0000, 0x1000_0000, OwnerTag.Host);
        Driver = new ExynosDriver(kernel, Memory, Frames, units, new ExynosDriverOptions
        {
            FaultHandler = !handler ? null : (iova, access) =>
            {
                Reported.Add((iova, access));
                return Errno.None;
            },
        });
        Assert.Equal(0, Run(Driver.Probe()));
        for (var i = 0; i < units; i++)
        {
            Assert.Equal(0, Run(Driver.ProbeDevice(Device(i))));
            if (awake)
                Run(Driver.ResumeDevice(Device(i)));
        }
    }

    // Every version under both kernels.
    public static TheoryData<string, KernelVersion> Cases
    {
        get
        {
            var cases = new TheoryData<string, KernelVersion>();
            foreach (var hardware in ExynosHardware.All)
            {
                cases.Add(hardware.Name, KernelVersion.Linux61);
                cases.Add(hardware.Name, KernelVersion.Linux612);
            }

            return cases;
        }
    }

    public PhysicalMemory Memory { get; }

    public ExynosHardware Hardware { get; }

    public ExynosIommu[] Units { get; }

    public Bus Bus { get; }

    public FrameAllocator Frames { get; }

    public ExynosDriver Driver { get; }

    /// <summary>What the domains' fault handler was told.</summary>
    public List<(ulong Iova, DmaAccess Access)> Reported { get; } = [];

    public static ExynosRig Of(string variant, KernelVersion kernel = KernelVersion.Linux61, ExynosOptions? options = null, int units = 1, bool awake = true, bool handler = true) =>
        new(ExynosHardware.All.Single(hardware => hardware.Name == variant), kernel, options, units, awake, handler);

    public static DmaDevice Device(int unit = 0) => new($"dev{unit}", [new StreamBinding(unit, new StreamId((uint)unit))]);

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    // What a sequence writes to registers: offset and value.
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

    // A domain with one page at MappedIova.
    public ExynosDomain Domain(ulong page, Protection protection = Protection.Read | Protection.Write)
    {
        var domain = (ExynosDomain)Driver.AllocateDomain(DomainType.Unmanaged);
        Map(domain, MappedIova, page, protection: protection);
        return domain;
    }

    public ExynosDomain Attached(ulong page = PageA, Protection protection = Protection.Read | Protection.Write, int unit = 0)
    {
        var domain = Domain(page, protection);
        Assert.Equal(0, Run(Driver.Attach(domain, Device(unit))));
        return domain;
    }

    public void Map(ExynosDomain domain, ulong iova, ulong physical, ulong size = 0x1000, Protection protection = Protection.Read | Protection.Write) =>
        Assert.Equal(0, Run(Driver.Map(domain, iova, physical, size, protection)));

    // Where a DMA lands; null when it was refused or waits.
    public ulong? Dma(ulong iova = MappedIova, DmaAccess access = DmaAccess.Read, int unit = 0)
    {
        var completion = Send(iova, access, unit);
        return completion.Status == DmaStatus.Completed ? completion.Address.Value : null;
    }

    public DmaCompletion Send(ulong iova = MappedIova, DmaAccess access = DmaAccess.Read, int unit = 0, ushort tag = 0)
    {
        var completion = new DmaCompletion[1];
        Units[unit].Translate([new DmaRequest(new StreamId((uint)unit), new Iova(iova), access) { Tag = tag }], completion);
        return completion[0];
    }

    // Requests that were let go: tag, and where each landed.
    public (int Tag, ulong? Landed)[] TakeResumed(int unit = 0)
    {
        var resumed = new ResumedDma[16];
        var count = Units[unit].TakeResumed(resumed);
        return [.. resumed[..count].Select(dma =>
            ((int)dma.Request.Tag, dma.Completion.Status == DmaStatus.Completed ? dma.Completion.Address.Value : (ulong?)null))];
    }

    public FaultRecord TakeFault(int unit = 0)
    {
        var faults = new FaultRecord[2];
        Assert.Equal(1, Units[unit].Faults.Take(faults));
        return faults[0];
    }

    public uint Read(ulong offset, int unit = 0) => (uint)Units[unit].Registers.Read(offset, 4);

    public void Write(ulong offset, uint value, int unit = 0) => Units[unit].Registers.Write(offset, 4, value);

    // Switches the hardware on by its registers, without the driver.
    public void Enable(ulong root, uint configuration = ExynosRegisters.CheckAccess, int unit = 0)
    {
        Write(ExynosRegisters.Configuration, configuration, unit);
        Write(Hardware.Layout.TableBase, (uint)(Hardware.IsShifted ? root >> 12 : root), unit);
        if (Hardware.HasVirtualMachines)
            Write(ExynosRegisters.ControlVm, ExynosRegisters.VmEnable | ExynosRegisters.VmStall, unit);
        Write(ExynosRegisters.Control, ExynosRegisters.ControlEnable, unit);
    }

    public void ClearFault(int unit = 0)
    {
        Write(Hardware.Layout.InterruptClear, Read(Hardware.Layout.InterruptStatus, unit), unit);
        Write(ExynosRegisters.Control, ExynosRegisters.ControlEnable, unit);
    }
}
