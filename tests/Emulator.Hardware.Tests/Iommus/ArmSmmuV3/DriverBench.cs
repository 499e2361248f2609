using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.ArmSmmuV3;
using Emulator.Hardware.Iommus.ArmSmmuV3.Driver;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmuV3;

/// <summary>An SMMUv3 under Linux's driver, probed, with what the driver stores kept.</summary>
internal sealed class DriverBench : IDisposable
{
    public const Protection ReadWrite = Protection.Read | Protection.Write | Protection.Cache;

    private readonly PhysicalMemory _memory = new(new MemoryRange(0, 8UL << 30));
    private readonly List<DriverStep> _steps = [];

    public DriverBench(KernelVersion kernel, ArmSmmuV3Options? hardware = null, ArmSmmuV3DriverOptions? options = null)
    {
        Silicon = new ArmSmmuV3Iommu("smmu", _memory, hardware ?? new ArmSmmuV3Options());
        Bus = new Bus(_memory, Silicon);
        Driver = new ArmSmmuV3Driver(_memory, new FrameAllocator(_memory, 1UL << 32, 1UL << 30, OwnerTag.Host), kernel, options);
        Run(Driver.Probe());
    }

    public ArmSmmuV3Iommu Silicon { get; }

    public Bus Bus { get; }

    public ArmSmmuV3Driver Driver { get; }

    public PhysicalMemory Memory => _memory;

    /// <summary>Commands of the last run without CMD_SYNC, in order.</summary>
    public IReadOnlyList<(ulong, ulong)> Commands => [.. _steps
        .Where(step => step.Kind == DriverStepKind.WriteMemory && step.Label!.StartsWith("CMDQ", StringComparison.Ordinal)).Select(step => step.Value)
        .Chunk(2).Select(pair => (pair[0], pair[1])).Where(pair => (byte)pair.Item1 != (byte)CommandOpcode.Sync)];

    public static InvalidationGather Gather(params (ulong Iova, ulong Size, ulong Granule)[] pages)
    {
        var gather = new InvalidationGather();
        foreach (var (iova, size, granule) in pages)
            gather.AddPage(iova, size, granule);
        return gather;
    }

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null)
    {
        _steps.Clear();
        return Bus.Run(sequence, step =>
        {
            _steps.Add(step);
            afterEach?.Invoke(step);
        });
    }

    public DmaDevice Device(uint stream = 0x20, int pasidBits = 0, bool canStall = false, bool ats = false)
    {
        var device = new DmaDevice($"dev{stream:x}", new StreamId(stream)) { PasidBits = pasidBits, CanStall = canStall, AtsSupported = ats };
        Assert.Equal(0, Run(Driver.ProbeDevice(device)));
        return device;
    }

    public ArmSmmuV3Domain Attached(DmaDevice device, DomainType type = DomainType.Unmanaged)
    {
        var domain = (ArmSmmuV3Domain)Driver.AllocateDomain(type);
        Assert.Equal(0, Run(Driver.Attach(domain, device)));
        return domain;
    }

    public void Map(IommuDomain domain, ulong iova, ulong physical, ulong size = 0x1000) =>
        Assert.Equal(0, Run(DomainMapping.Map(Driver, domain, iova, physical, size, ReadWrite)));

    public DmaCompletion Dma(uint stream, ulong iova, DmaAccess access = DmaAccess.Write, uint? pasid = null)
    {
        var request = new DmaRequest(new StreamId(stream), new Iova(iova), access)
        {
            Pasid = pasid ?? 0,
            Attributes = pasid == null ? DmaAttributes.None : DmaAttributes.Pasid,
        };
        var completion = new DmaCompletion[1];
        Silicon.Translate([request], completion);
        return completion[0];
    }

    /// <summary>Codes of the events that the silicon recorded since the last call.</summary>
    public IReadOnlyList<EventCode> Events()
    {
        var records = new FaultRecord[64];
        return [.. records.Take(Silicon.Faults.Take(records)).Select(record => (EventCode)record.Code)];
    }

    public StreamTableEntry Entry(uint stream)
    {
        var table = Silicon.Registers.Read(ArmSmmuV3Registers.StrtabBase, 8) & 0x000f_ffff_ffff_ffc0;
        var level2 = new StreamTableLevel1Descriptor(Memory.Read64(table + (8 * (stream >> 8)))).Level2Table;
        var address = level2 + ((stream & 0xff) * StreamTableEntry.Size);
        return new StreamTableEntry(Memory.Read64(address), Memory.Read64(address + 8), Memory.Read64(address + 16), Memory.Read64(address + 24));
    }

    public ContextDescriptor Context(uint stream)
    {
        var address = Entry(stream).ContextTable;
        return new ContextDescriptor(Memory.Read64(address), Memory.Read64(address + 8), Memory.Read64(address + 16), Memory.Read64(address + 24));
    }

    public void Dispose() => _memory.Dispose();
}
