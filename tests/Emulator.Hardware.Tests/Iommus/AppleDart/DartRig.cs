using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.AppleDart;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.AppleDart;

/// <summary>DARTs over a memory, with the driver that programs them, probed.</summary>
internal sealed class DartRig : IDisposable
{
    public const ulong MappedIova = 0x4000;
    public const ulong PageA = 0x1_0000_0000;
    public const ulong PageB = 0x2_0000_0000;

    public static readonly DmaDevice Device = new("dev", new StreamId(5));

    public DartRig(AppleDartHardware hardware, KernelVersion kernel, AppleDartOptions? options = null, int units = 1, ulong cpuPage = 1 << 14)
    {
        Memory = new PhysicalMemory(new MemoryRange(0, 64UL << 30));
        Hardware = hardware;
        Units = [.. Enumerable.Range(0, units).Select(i => new AppleDartIommu($"dart{i}", Memory, hardware, options ?? new AppleDartOptions()))];
        Bus = new Bus(Memory, [.. Units]);
        var frames = new FrameAllocator(Memory, 48UL << 30, 16UL << 30, OwnerTag.Host);
        Driver = new AppleDartDriver(kernel, hardware, Memory, frames, units, new AppleDartDriverOptions { CpuPageSize = cpuPage });
        Assert.Equal(0, Bus.Run(Driver.Probe()));
    }

    // Every generation under every kernel that has a driver for it.
    public static TheoryData<string, KernelVersion> Cases
    {
        get
        {
            var cases = new TheoryData<string, KernelVersion>();
            foreach (var hardware in AppleDartHardware.All)
            {
                if (hardware.InLinux61)
                    cases.Add(hardware.Name, KernelVersion.Linux61);
                cases.Add(hardware.Name, KernelVersion.Linux612);
            }

            return cases;
        }
    }

    public PhysicalMemory Memory { get; }

    public AppleDartHardware Hardware { get; }

    public AppleDartIommu[] Units { get; }

    public AppleDartIommu Dart => Units[0];

    public Bus Bus { get; }

    public AppleDartDriver Driver { get; }

    public static DartRig Of(string variant, KernelVersion kernel, AppleDartOptions? options = null) =>
        new(AppleDartHardware.All.Single(hardware => hardware.Name == variant), kernel, options);

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    // A domain with one page at MappedIova.
    public AppleDartDomain Domain(ulong page, Protection protection = Protection.Read | Protection.Write, DmaDevice? device = null)
    {
        var domain = (AppleDartDomain)Driver.AllocateDomain(DomainType.Unmanaged);
        Driver.Finalise(domain, device ?? Device);
        Assert.Equal(0, Run(DomainMapping.Map(Driver, domain, MappedIova, page, domain.Tables!.PageSizeBitmap, protection)));
        return domain;
    }

    public AppleDartDomain Attached(ulong page = PageA, Protection protection = Protection.Read | Protection.Write)
    {
        var domain = Domain(page, protection);
        Assert.Equal(0, Run(Driver.Attach(domain, Device)));
        return domain;
    }

    // Where a DMA lands; null when it was refused.
    public ulong? Dma(ulong iova = MappedIova, DmaAccess access = DmaAccess.Read, uint stream = 5, int unit = 0)
    {
        var completion = new DmaCompletion[1];
        Units[unit].Translate([new DmaRequest(new StreamId(stream), new Iova(iova), access)], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }

    public FaultRecord TakeFault()
    {
        var faults = new FaultRecord[2];
        Assert.Equal(1, Dart.Faults.Take(faults));
        return faults[0];
    }

    public uint Read(ulong offset) => (uint)Dart.Registers.Read(offset, 4);

    public void Write(ulong offset, uint value) => Dart.Registers.Write(offset, 4, value);
}
