using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.ArmSmmu;
using Emulator.Hardware.Iommus.ArmSmmu.Driver;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmu;

/// <summary>Where DMA goes once a device has left its domain, by kernel and variant.</summary>
public sealed class AfterDetachTests
{
    private const ulong Iova = 0x1000_0000;
    private const ulong Frame = 0x2000_0000;

    [Theory]
    [InlineData("v2")]
    [InlineData("v1")]
    [InlineData("mmu500")]
    [InlineData("s2only")]
    [InlineData("qcom")]
    public void Release_in_6_1_leaves_an_unknown_stream(string variant)
    {
        using var room = new Stay(variant, KernelVersion.Linux61);
        Assert.Equal(Frame, room.Lands());
        room.Run(room.Driver.Detach(room.Domain, room.Device));
        Assert.Null(room.Lands());
        Assert.Equal((ushort)ArmSmmuFault.UnidentifiedStream, room.Code());
        room.Run(room.Driver.Attach(room.Domain, room.Device));
        Assert.Equal(Frame, room.Lands());
    }

    [Theory]
    [InlineData("v2")]
    [InlineData("v1")]
    [InlineData("mmu500")]
    [InlineData("s2only")]
    [InlineData("qcom")]
    [InlineData("bypass")]
    public void The_blocked_domain_of_6_12_is_a_stream_entry_of_type_fault(string variant)
    {
        using var room = new Stay(variant, KernelVersion.Linux612);
        Assert.Equal(Frame, room.Lands());
        room.Run(room.Driver.Detach(room.Domain, room.Device));
        Assert.Null(room.Lands());
        Assert.Equal((ushort)ArmSmmuFault.InvalidContext, room.Code());
        room.Run(room.Driver.Attach(room.Domain, room.Device));
        Assert.Equal(Frame, room.Lands());
        room.Run(room.Driver.Block(room.Device));
        Assert.Null(room.Lands());
    }

    [Fact]
    public void Without_disable_bypass_6_1_leaves_identity()
    {
        using var room = new Stay("bypass", KernelVersion.Linux61);
        room.Run(room.Driver.Detach(room.Domain, room.Device));
        Assert.Equal(Iova, room.Lands());
        Assert.Null(room.Code());
    }

    [Fact]
    public void Without_disable_bypass_a_release_in_6_12_is_identity_too()
    {
        using var room = new Stay("bypass", KernelVersion.Linux612);
        room.Run(room.Driver.Block(room.Device));
        Assert.Null(room.Lands());
        room.Run(room.Driver.ReleaseDevice(room.Device));
        Assert.Equal(Iova, room.Lands());
    }

    [Fact]
    public void Without_a_default_domain_nothing_changes_until_the_domain_is_freed_which_makes_identity_and_then_another_domain()
    {
        using var room = new Stay("nodefault", KernelVersion.Linux61);
        Assert.Empty(room.Driver.Detach(room.Domain, room.Device));
        Assert.Equal(Frame, room.Lands());
        var landed = new List<ulong?>();
        room.Platform.Bus.Run(room.Driver.FreeDomain(room.Domain), _ => landed.Add(room.Lands()));
        Assert.All(landed, address => Assert.Equal(Iova, address));
        Assert.Equal(Iova, room.Lands());

        // The next domain gets the same context bank, which the old device's entry still points to.
        var next = room.Platform.Device(1);
        room.Run(room.Driver.ProbeDevice(next));
        var domain = room.Driver.AllocateDomain(DomainType.Unmanaged);
        room.Run(room.Driver.Attach(domain, next));
        room.Run(room.Driver.Map(domain, Iova, 0x3000_0000, 0x1000, DriverBench.ReadWriteCache));
        Assert.Equal(0x3000_0000ul, room.Lands());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void An_empty_domain_blocks_with_a_translation_fault_and_costs_a_context_bank(KernelVersion kernel)
    {
        using var room = new Stay("v2", kernel);
        Assert.Equal(Frame, room.Lands());
        var empty = room.Driver.AllocateDomain(DomainType.Unmanaged);
        room.Run(room.Driver.Attach(empty, room.Device));
        Assert.Null(room.Lands());
        Assert.Equal((ushort)ArmSmmuFault.Translation, room.Code());
        Assert.Equal(1, ((ArmSmmuDomain)empty).Bank);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Identity_is_a_bypass_entry_and_on_rewriting_firmware_a_bank_that_is_off(KernelVersion kernel)
    {
        using var room = new Stay("v2", kernel);
        room.Run(room.Driver.Attach(room.Driver.AllocateDomain(DomainType.Identity), room.Device));
        Assert.Equal(Iova, room.Lands());
        using var mediated = new Stay("qcom", kernel);
        mediated.Run(mediated.Driver.Attach(mediated.Driver.AllocateDomain(DomainType.Identity), mediated.Device));
        Assert.Equal(Iova, mediated.Lands());
        Assert.Equal(127u, mediated.Platform.Bus.Units[0].Registers.Read(R.StreamToContext, 4));
    }

    [Fact]
    public void Streams_of_a_device_go_one_after_another()
    {
        using var bench = new DriverBench(KernelVersion.Linux612);
        var device = new DmaDevice("two", [new StreamBinding(0, new StreamId(0x10)), new StreamBinding(0, new StreamId(0x11))]);
        var domain = bench.Attached(device);
        bench.Map(domain, Iova, Frame);
        var second = new DmaDevice("second", new StreamId(0x11));
        var landed = new List<(ulong?, ulong?)>();
        bench.Bus.Run(bench.Driver.Block(device), _ => landed.Add((bench.Lands(Iova, device: device), bench.Lands(Iova, device: second))));
        Assert.Equal([(null, Frame), (null, null)], landed);
    }

    [Fact]
    public void Stream_indexing_has_no_match_to_lose_and_so_the_entry_refuses()
    {
        using var bench = new DriverBench(hardware: new ArmSmmuOptions { Id0 = 0x6000_0808, Id1 = DriverBench.Id1 });
        var device = new DmaDevice("dev", new StreamId(5));
        var domain = bench.Attached(device);
        Assert.Equal([(0xC14, 0x2_0000)], bench.Writes(bench.Driver.Detach(domain, device)));
        Assert.Null(bench.Lands(0x1000, device: device));
        Assert.Equal(0x1u, bench.GlobalFault());
    }

    [Fact]
    public void Firmware_streams_of_a_Qualcomm_machine_go_on_until_their_device_is_attached()
    {
        using var bench = new DriverBench(
            hardware: new ArmSmmuOptions { Id1 = DriverBench.Id1, FirmwareRewritesStreams = true }, options: new ArmSmmuDriverOptions { Model = ArmSmmuModel.Qualcomm }, probe: false);
        bench.Silicon.Registers.Write(R.StreamMatch + 8, 4, 0x8000_0042);
        Assert.Equal(0, bench.Run(bench.Driver.Probe()));
        Assert.Equal(0x1000ul, bench.Lands(0x1000));
        Assert.Null(bench.Lands(0x1000, device: bench.Other));
        bench.Attached();
        Assert.Equal(3u, bench.Read(R.StreamToContext + 8));
        Assert.Null(bench.Lands(0x1000));
    }

    [Fact]
    public void The_tables_of_a_freed_domain_go_back_after_the_invalidation()
    {
        using var bench = new DriverBench();
        var domain = bench.Attached();
        bench.Map(domain, Iova, Frame);
        var owners = new List<bool>();
        bench.Bus.Run(bench.Driver.FreeDomain(domain), _ => owners.Add(bench.Memory.OwnerOf(0x8000_0000) == Emulator.Hardware.Memory.OwnerTag.Host));
        Assert.Equal(4, owners.Count);
        Assert.All(owners, Assert.True);
        Assert.NotEqual(Emulator.Hardware.Memory.OwnerTag.Host, bench.Memory.OwnerOf(0x8000_0000));
    }

    [Fact]
    public void A_room_has_as_many_devices_as_stream_entries_and_no_blocked_kernel_variant_beyond_6_1()
    {
        using var platform = ArmSmmuRoom.Room.Create(new PlatformOptions());
        Assert.Equal(new StreamId(0x100), platform.Device(0).Stream);
        Assert.Equal(128, Enumerable.Range(0, 128).Select(index => platform.Device(index).Stream).Distinct().Count());
        Assert.Throws<ArgumentOutOfRangeException>(() => platform.Device(128));
        Assert.Throws<ArgumentException>(() => ArmSmmuRoom.Room.Create(new PlatformOptions { Variant = "nodefault", Kernel = KernelVersion.Linux612 }));
    }

    // One device of a room's variant, attached to a domain with one page.
    private sealed class Stay : IDisposable
    {
        public Stay(string variant, KernelVersion kernel)
        {
            Platform = ArmSmmuRoom.Room.Create(new PlatformOptions { Variant = variant, Kernel = kernel });
            Device = Platform.Device(0);
            Run(Driver.Probe());
            Run(Driver.ProbeDevice(Device));
            Domain = Driver.AllocateDomain(DomainType.Unmanaged);
            Run(Driver.Attach(Domain, Device));
            Run(Driver.Map(Domain, Iova, Frame, 0x1000, DriverBench.ReadWriteCache));
        }

        public Platform Platform { get; }

        public DmaDevice Device { get; }

        public IommuDomain Domain { get; }

        public IIommuDriver Driver => Platform.Driver;

        public void Run(IEnumerable<DriverStep> sequence) => Assert.Equal(0, Platform.Bus.Run(sequence));

        public ulong? Lands()
        {
            var completion = new DmaCompletion[1];
            Platform.Bus.Units[0].Translate([new DmaRequest(Device.Stream, new Iova(Iova), DmaAccess.Write)], completion);
            return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
        }

        public ushort? Code()
        {
            var fault = new FaultRecord[1];
            return Platform.Bus.Units[0].Faults.Take(fault) == 1 ? fault[0].Code : null;
        }

        public void Dispose() => Platform.Dispose();
    }
}
