using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Omap;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Omap;

/// <summary>The MMUs of one device over a memory whose tables start at <see cref="Root"/>, with the driver that programs them.</summary>
internal sealed class OmapRig : IDisposable
{
    public const ulong Root = 0x9a00_0000;
    public const ulong Page = 0x6001_2000;
    public const ulong Frame = 0x9c03_4000;
    public const ulong Unmapped = 0x6001_3abc;

    public OmapRig(OmapHardware hardware, KernelVersion kernel = KernelVersion.Linux61, OmapDriverOptions? driver = null, OmapOptions? silicon = null)
    {
        Hardware = hardware;
        Memory = new PhysicalMemory(new MemoryRange(0, 0xf000_0000));
        Frames = new FrameAllocator(Memory, Root, 0x200_0000, OwnerTag.Host);
        System = hardware.DspSystem ? new OmapDspSystem("dsp_system") : null;
        Units = [.. Enumerable.Range(0, hardware.Instances).Select(i => new OmapIommu($"mmu{i}", Memory, hardware, silicon, System, i))];
        Bus = new Bus(Memory, [.. Units]) { Blocks = System == null ? [] : [System.Registers] };
        driver ??= new OmapDriverOptions();
        Driver = new OmapDriver(kernel, hardware, Memory, Frames, Units.Length, driver with { InterruptLine = unit => Units[unit].InterruptAsserted });
        Device = new DmaDevice("dev", [.. Units.Select((_, unit) => new StreamBinding(unit, new StreamId(0)))]);
        Assert.Equal(0, Run(Driver.ProbeDevice(Device)));
    }

    public static TheoryData<string, KernelVersion> Cases
    {
        get
        {
            var cases = new TheoryData<string, KernelVersion>();
            foreach (var hardware in OmapHardware.All)
            {
                cases.Add(hardware.Name, KernelVersion.Linux61);
                cases.Add(hardware.Name, KernelVersion.Linux612);
            }

            return cases;
        }
    }

    public OmapHardware Hardware { get; }

    public PhysicalMemory Memory { get; }

    public FrameAllocator Frames { get; }

    public OmapDspSystem? System { get; }

    public OmapIommu[] Units { get; }

    public OmapIommu Mmu => Units[0];

    public Bus Bus { get; }

    public OmapDriver Driver { get; }

    public DmaDevice Device { get; }

    public static OmapRig Of(string variant, KernelVersion kernel = KernelVersion.Linux61) => new(OmapHardware.All.Single(hardware => hardware.Name == variant), kernel);

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    public OmapDomain Domain() => (OmapDomain)Driver.AllocateDomain(DomainType.Unmanaged);

    // Attached, with the example's page mapped.
    public OmapDomain Attached()
    {
        var domain = Domain();
        Assert.Equal(0, Run(Driver.Attach(domain, Device)));
        Assert.Equal(0, Map(domain, Page, Frame, 0x1000));
        return domain;
    }

    public long Map(OmapDomain domain, ulong iova, ulong physical, ulong size) => Run(Driver.Map(domain, iova, physical, size, Protection.Read | Protection.Write));

    public DmaStatus Send(ulong iova, out ulong landed, int unit = 0, DmaAccess access = DmaAccess.Read, ushort tag = 0)
    {
        var completion = new DmaCompletion[1];
        Units[unit].Translate([new DmaRequest(new StreamId(0), new Iova(iova), access) { Tag = tag }], completion);
        landed = completion[0].Address.Value;
        return completion[0].Status;
    }

    // Where a DMA lands; null when it was stalled or refused.
    public ulong? Dma(ulong iova = Page, int unit = 0, DmaAccess access = DmaAccess.Read) => Send(iova, out var landed, unit, access) == DmaStatus.Completed ? landed : null;

    public FaultRecord TakeFault()
    {
        var faults = new FaultRecord[2];
        Assert.Equal(1, Mmu.Faults.Take(faults));
        return faults[0];
    }

    public uint Read(ulong offset, int unit = 0) => (uint)Units[unit].Registers.Read(offset, 4);

    public void Write(ulong offset, ulong value) => Mmu.Registers.Write(offset, 4, value);

    // Loads a TLB entry as software does.
    public void Load(int index, uint cam, ulong ram, int locked = 0)
    {
        Write(OmapRegisters.Lock, OmapRegisters.EncodeLock(locked, index));
        Write(OmapRegisters.Cam, cam);
        Write(OmapRegisters.Ram, ram);
        Write(OmapRegisters.LoadTlb, 1);
    }
}
