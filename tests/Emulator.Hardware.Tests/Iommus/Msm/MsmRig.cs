using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Msm;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Msm;

/// <summary>Two instances over 3 GiB of memory, with the driver that programs them, probed.</summary>
internal sealed class MsmRig : IDisposable
{
    public const ulong Iova = 0x1020_3000;
    public const ulong PageA = 0x8050_4000;
    public const ulong PageB = 0x7000_0000;

    public static readonly DmaDevice Device = new("dev0", [new StreamBinding(0, new StreamId(1)), new StreamBinding(0, new StreamId(4))]);
    public static readonly DmaDevice Other = new("dev1", [new StreamBinding(1, new StreamId(1))]);

    public MsmRig(KernelVersion kernel = KernelVersion.Linux61, int banks = 3)
    {
        Memory = new PhysicalMemory(new MemoryRange(0, 3UL << 30));
        var options = new MsmOptions { Banks = banks };
        Units = [new MsmIommu("iommu0", Memory, options), new MsmIommu("iommu1", Memory, options)];
        Bus = new Bus(Memory, Units);
        Frames = new FrameAllocator(Memory, 0x9000_0000, 0x1000_0000, OwnerTag.Host);
        Driver = new MsmDriver(kernel, Memory, Frames, banks, 2);
        Assert.Equal(0, Run(Driver.Probe()));
        Assert.Equal(0, Run(Driver.ProbeDevice(Device)));
        Assert.Equal(0, Run(Driver.ProbeDevice(Other)));
    }

    public PhysicalMemory Memory { get; }

    public MsmIommu[] Units { get; }

    public Bus Bus { get; }

    public FrameAllocator Frames { get; }

    public MsmDriver Driver { get; }

    public ulong Table => Read(MsmRegisters.TableBase0) & 0xffff_c000;

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    public IommuDomain Attached(ulong page = PageA, DmaDevice? device = null)
    {
        var domain = Driver.AllocateDomain(DomainType.Unmanaged);
        Assert.Equal(0, Run(Driver.Attach(domain, device ?? Device)));
        Assert.Equal(0, Map(domain, Iova, page, 0x1000));
        return domain;
    }

    public long Map(IommuDomain domain, ulong iova, ulong page, ulong size, Protection protection = Protection.Read | Protection.Write) =>
        Run(Driver.Map(domain, iova, page, size, protection));

    public ulong? Dma(ulong iova = Iova, DmaAccess access = DmaAccess.Read, uint stream = 1, int unit = 0)
    {
        var completion = new DmaCompletion[1];
        Units[unit].Translate([new DmaRequest(new StreamId(stream), new Iova(iova), access)], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }

    public ulong Read(ulong offset, int bank = 0) => Units[0].Registers.Read(((ulong)bank * MsmRegisters.BankSize) + offset, 4);

    public void Write(ulong offset, ulong value) => Units[0].Registers.Write(offset, 4, value);

    // The second-level table of an address.
    public ulong Second(ulong iova) => Memory.Read32(Table + ((iova >> 20) * 4)) & 0xffff_fc00;
}
