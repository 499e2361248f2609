using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Mtk;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmShort;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.Mtk;

/// <summary>A chip's M4U over a memory, with its larbs and the driver that programs it, probed.</summary>
internal sealed class MtkRig : IDisposable
{
    public const ulong Iova = 0x1234_5000;
    public const ulong Page = 0x8000_1000;
    public const Protection ReadWrite = Protection.Read | Protection.Write;

    public MtkRig(
        string chip, KernelVersion kernel = KernelVersion.Linux61, IotlbGeometry? tlb = null, bool fourGigabytes = false, MtkDriverOptions? options = null, IFrameAllocator? frames = null)
    {
        Hardware = MtkHardware.All.First(hardware => hardware.Name == chip);
        Memory = new PhysicalMemory(new MemoryRange(0, 30UL << 30));
        Ports = new MtkPorts(Hardware, fourGigabytes);
        Silicon = new MtkIommu("m4u", Memory, Hardware, Ports, new MtkOptions { Iotlb = tlb ?? new IotlbGeometry(), FourGigabyteMode = fourGigabytes });
        Bus = new Bus(Memory, Silicon) { Blocks = Ports.Blocks };
        Driver = new MtkDriver(kernel, Hardware, Memory, frames ?? new FrameAllocator(Memory, 0xb000_0000, 0x1000_0000, OwnerTag.Host), options);
        Assert.Equal(0, Run(Driver.Probe()));
        Domain = Driver.AllocateDomain(DomainType.Unmanaged);
        Device = DeviceOf(Hardware.IsInfrastructure ? 17u : 5);
    }

    public MtkHardware Hardware { get; }

    public PhysicalMemory Memory { get; }

    public MtkPorts Ports { get; }

    public MtkIommu Silicon { get; }

    public Bus Bus { get; }

    public MtkDriver Driver { get; }

    public IommuDomain Domain { get; }

    // Port 5 of larb 0, which goes through mmu0; port 17 of an infrastructure IOMMU.
    public DmaDevice Device { get; }

    public ArmShortPageTable Table => (ArmShortPageTable)Domain.PageTable!;

    public ulong ProtectBuffer
    {
        get
        {
            var value = Read(MtkRegisters.ProtectAddress);
            return Hardware.HasLegacyProtectAddress ? (value & 0x7fff_ffff) << 1 : value;
        }
    }

    public static DmaDevice DeviceOf(params uint[] ports) =>
        new($"ports {string.Join(' ', ports)}", [.. ports.Select(port => new StreamBinding(0, new StreamId(port)))]);

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence) => Bus.Run(sequence);

    public List<string> Trace(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null)
    {
        var steps = new List<string>();
        Bus.Run(sequence, step =>
        {
            afterEach?.Invoke(step);
            steps.Add(Bus.Describe(step));
        });
        return steps;
    }

    public MtkRig Attach(DmaDevice? device = null, IommuDomain? domain = null)
    {
        Assert.Equal(0, Run(Driver.Attach(domain ?? Domain, device ?? Device)));
        Assert.Equal(0, Run(Driver.ResumeDevice(device ?? Device)));
        return this;
    }

    public MtkRig AttachAndMap(DmaDevice? device = null)
    {
        Attach(device);
        Assert.Equal(0, Map(Iova, Page, 0x1000));
        return this;
    }

    public long Map(ulong iova, ulong page, ulong size, Protection protection = ReadWrite) => Run(Driver.Map(Domain, iova, page, size, protection));

    public ulong? Dma(ulong iova = Iova, DmaAccess access = DmaAccess.Read, uint? port = null)
    {
        var completion = new DmaCompletion[1];
        Silicon.Translate([new DmaRequest(new StreamId(port ?? Device.Stream.Value), new Iova(iova), access)], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }

    public ulong Read(ulong offset) => Silicon.Registers.Read(offset, 4);

    public void Write(ulong offset, uint value) => Silicon.Registers.Write(offset, 4, value);

    public FaultRecord TakeFault()
    {
        var faults = new FaultRecord[2];
        Assert.Equal(1, Silicon.Faults.Take(faults));
        return faults[0];
    }

    public uint Level1(ulong index) => Memory.Read32(Table.Root + (index * 4));

    public uint Level2(ulong iova) => Memory.Read32((Level1(iova >> 20) & ArmShortEntry.TableMask) + (((iova >> 12) & 0xff) * 4));
}
