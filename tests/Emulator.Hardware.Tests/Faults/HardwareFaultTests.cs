using Emulator.Hardware.Drivers;
using Emulator.Hardware.Faults;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Faults;

public sealed class HardwareFaultTests : IDisposable
{
    private const ulong Iova = 0x1000_0000;
    private const ulong Frame = 0x4000_0000;

    private readonly PhysicalMemory _memory = new(new MemoryRange(0, 16UL << 20));
    private readonly Bus _bus;
    private readonly RegisterFile _registers = new("block", 0x100);

    public HardwareFaultTests()
    {
        _registers.Add(0, 4, "A");
        _registers.Add(4, 4, "B");
        _bus = new Bus(_memory) { Blocks = [_registers], Faults = new BusFaults() };
    }

    public static TheoryData<string> Rooms => [.. IommuCatalog.Rooms.Select(room => room.Name)];

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void As_many_register_writes_are_lost_as_were_asked_for_and_stores_never()
    {
        _bus.Faults!.RegisterWritesToLose = 1;
        _bus.Perform(DriverStep.Store(0x1000, 7, "word"));
        _bus.Perform(DriverStep.Write(0, 1));
        _bus.Perform(DriverStep.Write(4, 2));
        Assert.Equal((7UL, 0UL, 2UL), (_memory.Read64(0x1000), _registers.Read(0, 4), _registers.Read(4, 4)));
    }

    [Fact]
    public void Stuck_register_writes_take_place_in_order_when_the_silicon_goes_on()
    {
        _bus.Faults!.IsStuck = true;
        _bus.Perform(DriverStep.Write(0, 1));
        _bus.Perform(DriverStep.Write(0, 2));
        Assert.Equal((2, 0UL), (_bus.Faults.Held, _registers.Read(0, 4)));
        _bus.Faults.Release(_bus);
        Assert.Equal((0, 2UL), (_bus.Faults.Held, _registers.Read(0, 4)));
        _bus.Perform(DriverStep.Write(0, 3));
        Assert.Equal(3UL, _registers.Read(0, 4));
    }

    [Fact]
    public void A_write_is_overtaken_by_the_next_write_but_by_no_read_and_no_barrier()
    {
        _bus.Faults!.WritesToSwap = 1;
        _bus.Perform(DriverStep.Write(0, 1));
        Assert.Equal(0UL, _registers.Read(0, 4));
        _bus.Perform(DriverStep.Write(0, 2));
        Assert.Equal(1UL, _registers.Read(0, 4));

        _bus.Faults.WritesToSwap = 1;
        _bus.Perform(DriverStep.Write(0, 5));
        var read = DriverStep.Read(0);
        _bus.Perform(read);
        Assert.Equal(5UL, read.Value);

        _bus.Faults.WritesToSwap = 1;
        _bus.Perform(DriverStep.Write(0, 6));
        _bus.Perform(DriverStep.Barrier());
        Assert.Equal(6UL, _registers.Read(0, 4));
    }

    [Fact]
    public void Dropped_invalidations_leave_the_entry_and_late_ones_drop_it_late()
    {
        var iotlb = new Iotlb(new IotlbGeometry()) { Faults = new InvalidationFaults { ToDrop = 1, ToDelay = 1 } };
        iotlb.Insert(new IotlbEntry { Tag = 1, Iova = Iova, Output = Frame, PageShift = 12 });
        Assert.Equal(0, iotlb.InvalidateAll());
        Assert.Equal(0, iotlb.InvalidateAll());
        Assert.Equal(1, iotlb.Count);
        iotlb.Faults.Release();
        Assert.Equal(0, iotlb.Count);
        iotlb.Insert(new IotlbEntry { Tag = 1, Iova = Iova, Output = Frame, PageShift = 12 });
        Assert.Equal(1, iotlb.InvalidateAll());
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(0x123_4567UL)]
    [InlineData(ulong.MaxValue)]
    public void One_bit_of_one_used_word_turns_over(ulong random)
    {
        var frames = new FrameAllocator(_memory, 8UL << 20, 4UL << 20, OwnerTag.Host);
        Assert.Null(TableBitFlip.Apply(_memory, frames, random));
        var table = frames.Allocate(PhysicalMemory.FrameSize);
        Assert.Null(TableBitFlip.Apply(_memory, frames, random));
        _memory.Write64(table + 0x18, 0xf0);
        Assert.Equal(table + 0x18, TableBitFlip.Apply(_memory, frames, random)!.Value.Value);
        Assert.Equal(0xf0 ^ (1UL << (int)(random & 63)), _memory.Read64(table + 0x18));
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_reset_leaves_memory_alone_and_silicon_as_after_power_on(string name)
    {
        var room = IommuCatalog.Find(name)!;
        using var platform = room.Create(new PlatformOptions());
        var device = platform.Device(0);
        platform.Bus.Run(platform.Driver.Probe());
        platform.Bus.Run(platform.Driver.ProbeDevice(device));
        var domain = platform.Driver.AllocateDomain(DomainType.Unmanaged);
        platform.Driver.Finalise(domain, device);
        platform.Bus.Run(platform.Driver.Attach(domain, device));
        platform.Bus.Run(platform.Driver.ResumeDevice(device));
        platform.Bus.Run(platform.Driver.Map(domain, Iova, Frame, PhysicalMemory.FrameSize, Protection.Read | Protection.Write));
        var tables = Words(platform);

        platform.Bus.Reset(room.Create(new PlatformOptions { Memory = platform.Memory }).Bus);

        Assert.Equal(tables, Words(platform));
        using var untouched = room.Create(new PlatformOptions());
        Assert.Equal(Registers(untouched), Registers(platform));
    }

    [Fact]
    public void A_reset_over_another_memory_is_refused()
    {
        using var other = IommuCatalog.Rooms[0].Create(new PlatformOptions());
        Assert.Throws<ArgumentException>(() => _bus.Reset(other.Bus));
    }

    private static List<ulong> Words(Platform platform)
    {
        var words = new List<ulong>();
        for (var address = platform.Frames.Start; address < platform.Frames.End; address += sizeof(ulong))
            words.Add(platform.Memory.Read64(address));
        return words;
    }

    private static List<ulong> Registers(Platform platform) =>
        [.. platform.Bus.Units.SelectMany(unit => unit.Registers.Registers.Select(register => register.Value))];
}
