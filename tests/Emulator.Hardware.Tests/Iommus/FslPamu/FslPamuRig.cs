using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.FslPamu;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Tests.Iommus.FslPamu;

/// <summary>PAMUs over a memory, with the driver that programs them.</summary>
internal sealed class FslPamuRig : IDisposable
{
    public const ulong Tables = 0x7f00_0000;
    public const ulong Operations = Tables + 0x4_0000;
    public const ulong Iova = 0x1_2345_6780;

    public static readonly DmaDevice Device = Named("dev0", 5);
    public static readonly DmaDevice Several = Named("several", 6, 7, 8);
    public static readonly DmaDevice Twin = Named("twin", 5);
    public static readonly DmaDevice Portal = Named("portal", 0x20);
    public static readonly DmaDevice Beyond = Named("beyond", 9, FslPaace.Count);

    public FslPamuRig(KernelVersion kernel = KernelVersion.Linux61, bool erratum = false, int units = 1, uint queueStash = 0x40, bool probed = true)
    {
        Memory = new PhysicalMemory(new MemoryRange(0, 4UL << 30));
        Units = [.. Enumerable.Range(0, units).Select(i => new FslPamuIommu($"pamu{i}", i, Memory, Utilities, new FslPamuOptions { ReportsDisabled = erratum }))];
        Bus = new Bus(Memory, Units);
        var frames = new FrameAllocator(Memory, Tables, 0x100_0000, OwnerTag.Host);
        FslPamuNode[] nodes =
        [
            new(FslPamuNodeKind.Device, [5]), new(FslPamuNodeKind.Device, [6, 7, 8]), new(FslPamuNodeKind.Device, [9, FslPaace.Count]),
            new(FslPamuNodeKind.QmanPortal, [0x20]), new(FslPamuNodeKind.Qman, [0x21]), new(FslPamuNodeKind.Bman, [0x22]),
        ];
        Driver = new FslPamuDriver(kernel, Memory, frames, nodes, units, new FslPamuDriverOptions { StashIds = [0x21, 0x22], QueueStashId = queueStash });
        if (probed)
            Assert.Equal(0, Run(Driver.Probe()));
    }

    public FslGlobalUtilities Utilities { get; } = new();

    public PhysicalMemory Memory { get; }

    public FslPamuIommu[] Units { get; }

    public Bus Bus { get; }

    public FslPamuDriver Driver { get; }

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    public FslPamuDomain Domain() => (FslPamuDomain)Driver.AllocateDomain(DomainType.Unmanaged);

    public FslPamuDomain Attached(DmaDevice? device = null)
    {
        var domain = Domain();
        Assert.Equal(0, Run(Driver.Attach(domain, device ?? Device)));
        return domain;
    }

    public ulong? Dma(uint liodn = 5, ulong iova = Iova, DmaAccess access = DmaAccess.Write, int unit = 0)
    {
        var completion = new DmaCompletion[1];
        Units[unit].Translate([new DmaRequest(new StreamId(liodn), new Iova(iova), access)], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }

    public uint Register(ulong offset, int unit = 0) => (uint)Units[unit].Registers.Read(offset, 4);

    public void SetRegister(ulong offset, uint value, int unit = 0) => Units[unit].Registers.Write(offset, 4, value);

    public ulong Entry(uint liodn, ulong word = 0) => Tables + (liodn * 64) + word;

    /// <summary>The first eight words of an entry, in hexadecimal.</summary>
    public string Words(uint liodn = 5) => string.Join(' ', Enumerable.Range(0, 8).Select(i => $"{Memory.ReadBigEndian32(Entry(liodn, 4 * (ulong)i)):x8}"));

    public FaultRecord Fault(int unit = 0)
    {
        var records = new FaultRecord[2];
        Assert.Equal(1, Units[unit].Faults.Take(records));
        return records[0];
    }

    private static DmaDevice Named(string name, params uint[] liodns) => new(name, [.. liodns.Select(liodn => new StreamBinding(0, new StreamId(liodn)))]);
}
