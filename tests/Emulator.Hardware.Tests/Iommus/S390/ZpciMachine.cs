using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.S390;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Tests.Iommus.S390;

/// <summary>PCI functions over a memory, with the driver that programs them; every function is probed.</summary>
internal sealed class ZpciMachine : IDisposable
{
    public const ulong Start = 0x1_0000_0000;
    public const ulong End = 0x1_7fff_ffff;
    public const ulong Mapped = Start + 0x20_0000;
    public const ulong PageA = 0x5000_0000;
    public const ulong PageB = 0x6000_0000;
    public const ulong Tables = 0x1000_0000;
    public const uint FirstHandle = 0x17;

    public static readonly S390Function Function = new() { Handle = FirstHandle, Start = Start, End = End };

    public ZpciMachine(KernelVersion kernel, S390Options? silicon = null, S390DriverOptions? options = null, bool probed = true)
    {
        Memory = new PhysicalMemory(new MemoryRange(0, 8UL << 30));
        silicon ??= new S390Options { Functions = Functions(2) };
        Silicon = new S390Iommu("zpci", Memory, silicon);
        Bus = new Bus(Memory, Silicon);
        Frames = new FrameAllocator(Memory, Tables, 16UL << 20, OwnerTag.Host);
        Driver = new S390Driver(kernel, Memory, Frames, options);
        for (var i = 0; probed && i < silicon.Functions.Count; i++)
            Assert.Equal(0, Run(Driver.ProbeDevice(Device(i))));
    }

    public static TheoryData<KernelVersion> Kernels => [KernelVersion.Linux61, KernelVersion.Linux612];

    public PhysicalMemory Memory { get; }

    public S390Iommu Silicon { get; }

    public Bus Bus { get; }

    public FrameAllocator Frames { get; }

    public S390Driver Driver { get; }

    public static DmaDevice Device(int function = 0) => new($"dev{function}", new StreamId((uint)function));

    public static S390Function[] Functions(int count) => [.. Enumerable.Range(0, count).Select(i => Function with { Handle = FirstHandle + (uint)i })];

    public static S390Options Of(S390Function function) => new() { Functions = [function] };

    public static uint Handle(int function = 0) => S390Function.EnabledHandle | (FirstHandle + (uint)function);

    public void Dispose() => Memory.Dispose();

    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Bus.Run(sequence, afterEach);

    // A domain with one page.
    public S390Domain Domain(ulong page, Protection protection = Protection.Read | Protection.Write, int function = 0)
    {
        var domain = (S390Domain)Driver.AllocateDomain(DomainType.Unmanaged);
        Driver.Finalise(domain, Device(function));
        Assert.Equal(0, Run(Driver.Map(domain, Mapped, page, 0x1000, protection)));
        return domain;
    }

    public S390Domain Attached(ulong page = PageA, Protection protection = Protection.Read | Protection.Write, int function = 0)
    {
        var domain = Domain(page, protection, function);
        Assert.Equal(0, Run(Driver.Attach(domain, Device(function))));
        return domain;
    }

    // Where a DMA lands; null when it was refused.
    public ulong? Dma(ulong iova = Mapped, DmaAccess access = DmaAccess.Read, int function = 0)
    {
        var completion = new DmaCompletion[1];
        Silicon.Translate([new DmaRequest(new StreamId((uint)function), new Iova(iova), access)], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }

    public S390FunctionState State(int function = 0) => Silicon.StateOf(new StreamId((uint)function));

    // The event that the silicon reports now, and its record in the log; both are taken.
    public (S390EventCode Code, bool IsWrite, int Levels, uint Handle, uint Function, ulong Address, FaultReason Reason) TakeEvent()
    {
        Assert.True(Silicon.InterruptAsserted);
        var code = Read(S390Registers.EventCode, 4);
        var report = ((S390EventCode)code.Bits(15, 0), code.Bit(16), code.Number(19, 17), (uint)Read(S390Registers.EventHandle, 4));
        var (function, address) = ((uint)Read(S390Registers.EventFunction, 4), Read(S390Registers.EventAddress));
        Write(S390Registers.EventStatus, 1, 4);
        var log = new FaultRecord[1];
        Assert.Equal(1, Silicon.Faults.Take(log));
        Assert.Equal((new Iova(address), (ushort)report.Item1), (log[0].Iova, log[0].Code));
        return (report.Item1, report.Item2, report.Item3, report.Item4, function, address, log[0].Reason);
    }

    public ulong Read(ulong register, int width = 8) => Silicon.Registers.Read(register, width);

    public void Write(ulong register, ulong value, int width = 8) => Silicon.Registers.Write(register, width, value);

    // An MPCIFC by hand.
    public (int ConditionCode, S390Status Status) Modify(S390Operation operation, S390Fib fib = default, uint? handle = null, int addressSpace = 0)
    {
        Write(S390Registers.FibBase, fib.Base);
        Write(S390Registers.FibLimit, fib.Limit);
        Write(S390Registers.FibIota, fib.Iota);
        Write(S390Registers.ModifyControls, S390Registers.Request(handle ?? Handle(), operation).With(23, 16, (ulong)addressSpace));
        return Result(S390Registers.ModifyControls);
    }

    // An RPCIT by hand.
    public (int ConditionCode, S390Status Status) Refresh(ulong iova, ulong bytes, int function = 0)
    {
        Write(S390Registers.RefreshAddress, iova);
        Write(S390Registers.RefreshLength, bytes);
        Write(S390Registers.Refresh, (ulong)Handle(function) << 32);
        return Result(S390Registers.Refresh);
    }

    // fc of the FIB that STPCIFC stores, asked on the CPU that no driver's sequence uses here.
    public uint StoreControls(int function = 0)
    {
        Write(S390Registers.Of(1, S390Registers.StoreControls), (ulong)Handle(function) << 32);
        Assert.Equal(0UL, Read(S390Registers.Of(1, S390Registers.ConditionCode), 4));
        return (uint)Read(S390Registers.Of(1, S390Registers.FibControls), 4);
    }

    // What is registered, likewise.
    public S390Fib Registered(int function = 0)
    {
        StoreControls(function);
        return new S390Fib(
            Read(S390Registers.Of(1, S390Registers.FibBase)), Read(S390Registers.Of(1, S390Registers.FibLimit)), Read(S390Registers.Of(1, S390Registers.FibIota)));
    }

    private (int ConditionCode, S390Status Status) Result(ulong instruction) =>
        ((int)Read(S390Registers.ConditionCode, 4), (S390Status)Read(instruction).Bits(31, 24));
}
