using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.IntelVtd;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.IntelVtd;

/// <summary>What the drivers of 6.1 and 6.12 leave a DMA, step by step.</summary>
public sealed class OwnershipTests
{
    private const ulong Iova = 0x1234_5000;
    private const ulong PageOfA = 0x2000_0000;
    private const ulong PageOfB = 0x3000_0000;

    public static TheoryData<string, KernelVersion> Everywhere
    {
        get
        {
            var data = new TheoryData<string, KernelVersion>();
            foreach (var variant in IntelVtdRoom.Room.Variants)
            {
                data.Add(variant, KernelVersion.Linux61);
                data.Add(variant, KernelVersion.Linux612);
            }

            return data;
        }
    }

    [Theory]
    [InlineData("legacy", KernelVersion.Linux61, 0x02)]
    [InlineData("legacy", KernelVersion.Linux612, 0x02)]
    [InlineData("scalable-sl", KernelVersion.Linux61, 0x41)]
    [InlineData("scalable-sl", KernelVersion.Linux612, 0x59)]
    [InlineData("scalable-fl", KernelVersion.Linux61, 0x41)]
    [InlineData("scalable-fl", KernelVersion.Linux612, 0x59)]
    public void Detach_blocks_and_the_fault_is_recorded(string variant, KernelVersion kernel, ushort code)
    {
        using var host = new Host(variant, kernel);
        var domain = host.Domain(PageOfA);
        host.Run(host.Driver.Attach(domain, host.Device));
        Assert.Equal(PageOfA, host.Write());

        host.Run(host.Driver.Detach(domain, host.Device));

        Assert.Null(host.Write());
        Assert.Equal(code, host.Fault()?.Code);
        Assert.True(host.Silicon.InterruptAsserted);
        host.Run(host.Driver.HandleInterrupt());
        Assert.False(host.Silicon.InterruptAsserted);
    }

    [Fact]
    public void Detach_of_6_1_in_scalable_mode_passes_through_0x59()
    {
        using var host = new Host("scalable-sl", KernelVersion.Linux61);
        var domain = host.Domain(PageOfA);
        host.Run(host.Driver.Attach(domain, host.Device));
        var codes = new List<ushort>();
        host.Run(host.Driver.Detach(domain, host.Device), _ =>
        {
            if (host.Write() == null && host.Fault() is { } fault)
                codes.Add(fault.Code);
            host.Run(host.Driver.HandleInterrupt());
        });
        Assert.Equal([0x59, 0x41], codes.Distinct().Select(code => (int)code));
    }

    [Fact]
    public void Between_the_clear_of_the_context_and_the_iotlb_flush_a_used_page_still_translates()
    {
        using var host = new Host("legacy", KernelVersion.Linux61);
        var domain = host.Domain(PageOfA);
        host.Run(host.Driver.Attach(domain, host.Device));
        Assert.Equal(PageOfA, host.Write());
        var landed = new List<ulong?>();
        host.Run(host.Driver.Detach(domain, host.Device), step =>
        {
            if (step.Kind == DriverStepKind.WriteMemory && step.Label!.StartsWith("context", StringComparison.Ordinal))
                landed.Add(host.Write());
            if (step.Kind == DriverStepKind.WriteRegister && step.Address == IntelVtdRegisters.QueueTail)
                landed.Add(host.Write());
        });

        // P cleared; context cache invalidated; IOTLB invalidated; the two words zeroed.
        Assert.Equal([PageOfA, PageOfA, null, null, null], landed);
    }

    [Theory]
    [MemberData(nameof(Everywhere))]
    public void A_change_of_domains_never_lands_outside_the_two(string variant, KernelVersion kernel)
    {
        using var host = new Host(variant, kernel);
        var (a, b) = (host.Domain(PageOfA), host.Domain(PageOfB));
        host.Run(host.Driver.Attach(a, host.Device));
        Assert.Equal(PageOfA, host.Write());
        var blocked = false;
        host.Run(host.Driver.Attach(b, host.Device), _ =>
        {
            var landed = host.Write();
            blocked |= landed == null;
            Assert.Contains(landed, new ulong?[] { null, PageOfA, PageOfB });
            Assert.False(blocked && landed == PageOfA, "a blocked device reached its old domain again");
        });
        Assert.True(blocked);
        Assert.Equal(PageOfB, host.Write());
    }

    [Theory]
    [MemberData(nameof(Everywhere))]
    public void An_unmapped_page_is_reachable_until_the_sync_and_not_after(string variant, KernelVersion kernel)
    {
        using var host = new Host(variant, kernel);
        var domain = host.Domain(PageOfA);
        host.Run(host.Driver.Attach(domain, host.Device));
        Assert.Equal(PageOfA, host.Write());
        var gather = new InvalidationGather();
        Assert.Equal(4096UL, DomainPaging.Unmap(domain.PageTable!, Iova, 4096, gather));
        Assert.Equal(PageOfA, host.Write());
        host.Run(host.Driver.Sync(domain, gather));
        Assert.Null(host.Write());
        Assert.True(gather.IsEmpty);
    }

    [Theory]
    [MemberData(nameof(Everywhere))]
    public void Identity_passes_addresses_through(string variant, KernelVersion kernel)
    {
        using var host = new Host(variant, kernel);
        host.Run(host.Driver.Attach(host.Driver.AllocateDomain(DomainType.Identity), host.Device));
        Assert.Equal(Iova, host.Write());
        var domain = host.Domain(PageOfA);
        host.Run(host.Driver.Attach(domain, host.Device));
        Assert.Equal(PageOfA, host.Write());
    }

    [Theory]
    [MemberData(nameof(Everywhere))]
    public void A_released_device_is_blocked_and_can_be_probed_again(string variant, KernelVersion kernel)
    {
        using var host = new Host(variant, kernel);
        var domain = host.Domain(PageOfA);
        host.Run(host.Driver.Attach(domain, host.Device));
        Assert.Equal(PageOfA, host.Write());
        host.Run(host.Driver.ReleaseDevice(host.Device));
        Assert.Null(host.Write());
        host.Run(host.Driver.ProbeDevice(host.Device));
        host.Run(host.Driver.Attach(domain, host.Device));
        Assert.Equal(PageOfA, host.Write());
        host.Run(host.Driver.Detach(domain, host.Device));
        host.Run(host.Driver.FreeDomain(domain));
    }

    [Fact]
    public void Only_6_12_has_a_blocking_domain()
    {
        using var old = new Host("legacy", KernelVersion.Linux61);
        Assert.Throws<DriverException>(() => old.Driver.AllocateDomain(DomainType.Blocked));
        using var host = new Host("legacy", KernelVersion.Linux612);
        host.Run(host.Driver.Attach(host.Domain(PageOfA), host.Device));
        Assert.Equal(PageOfA, host.Write());
        host.Run(host.Driver.Attach(host.Driver.AllocateDomain(DomainType.Blocked), host.Device));
        Assert.Null(host.Write());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Without_a_queue_the_driver_invalidates_through_registers(KernelVersion kernel)
    {
        using var host = new Host(kernel, new IntelVtdOptions { ExtendedCapability = new(IntelVtdOptions.LegacyExtendedCapability & ~2UL) });
        var domain = host.Domain(PageOfA);
        host.Run(host.Driver.Attach(domain, host.Device));
        Assert.Equal(PageOfA, host.Write());
        var writes = new List<(ulong, ulong)>();
        host.Run(host.Driver.Detach(domain, host.Device), step =>
        {
            if (step.Kind == DriverStepKind.WriteRegister)
                writes.Add((step.Address, step.Value));
        });
        var id = kernel == KernelVersion.Linux61 ? 1UL : 2UL;
        Assert.Equal([(0x28UL, 0xe000_0000_0100_0000 | id), (0xf8UL, 0xa001_0000_0000_0000 | (id << 32))], writes);
        Assert.Null(host.Write());
    }

    [Fact]
    public void A_dma_alias_is_attached_and_detached_with_its_device()
    {
        using var host = new Host("legacy", KernelVersion.Linux61);
        var alias = new StreamId(0x500);
        var device = new DmaDevice("bridged", [new StreamBinding(0, new StreamId(0x208)), new StreamBinding(0, alias)]);
        host.Run(host.Driver.ProbeDevice(device));
        var domain = host.Domain(PageOfA);
        host.Run(host.Driver.Attach(domain, device));
        Assert.Equal(PageOfA, host.Write(alias));
        host.Run(host.Driver.Detach(domain, device));
        Assert.Null(host.Write(alias));
    }

    [Fact]
    public void Detach_of_6_12_leaves_a_dma_alias_in_the_context_cache()
    {
        using var host = new Host("legacy", KernelVersion.Linux612);
        var alias = new StreamId(0x500);
        var device = new DmaDevice("bridged", [new StreamBinding(0, new StreamId(0x208)), new StreamBinding(0, alias)]);
        host.Run(host.Driver.ProbeDevice(device));
        var domain = host.Domain(PageOfA);
        host.Run(host.Driver.Attach(domain, device));
        Assert.Equal(PageOfA, host.Write(device.Stream));
        Assert.Equal(PageOfA, host.Write(alias));
        host.Run(host.Driver.Detach(domain, device));
        Assert.Null(host.Write(device.Stream));
        Assert.Equal(PageOfA, host.Write(alias));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, 1)]
    [InlineData(KernelVersion.Linux612, 2)]
    public void A_first_level_range_that_starts_unaligned_is_flushed_whole_only_in_6_12(KernelVersion kernel, int mask)
    {
        using var host = new Host(IntelVtdRoom.ScalableFirstLevel, kernel);
        var domain = host.Driver.AllocateDomain(DomainType.Dma);
        host.Run(host.Driver.Attach(domain, host.Device));
        var gather = new InvalidationGather();
        gather.AddPage(0x1000, 0x2000, 0x2000);
        var id = ((IntelVtdDomain)domain).IdOn(((IntelVtdDriver)host.Driver).Units[0]);
        var descriptors = new List<ulong>();
        host.Run(host.Driver.Sync(domain, gather), step =>
        {
            if (step.Kind == DriverStepKind.WriteMemory && step.Label is "QI q0" or "QI q1")
                descriptors.Add(step.Value);
        });
        Assert.Equal(VtdDescriptor.PasidIotlbPages(id, 0, 0, mask, leafOnly: true), new VtdDescriptor(descriptors[0], descriptors[1]));
    }

    [Fact]
    public void An_ATS_device_that_answers_nothing_makes_the_driver_give_up_after_its_limit()
    {
        using var host = new Host(KernelVersion.Linux61, new IntelVtdOptions { SilentDeviceTlbs = new HashSet<ushort> { 0x208 } });
        var device = new DmaDevice("ats", new StreamId(0x208)) { AtsSupported = true };
        host.Run(host.Driver.ProbeDevice(device));
        var domain = host.Domain(PageOfA);
        host.Run(host.Driver.Attach(domain, device));
        var timeouts = 0;
        var failure = Assert.Throws<DriverException>(() => host.Run(host.Driver.FlushAll(domain), step =>
            timeouts += step.Kind == DriverStepKind.WriteRegister && step.Address == IntelVtdRegisters.FaultStatus ? 1 : 0));
        Assert.Equal(Errno.ETIMEDOUT, failure.Errno);
        Assert.Equal(new IntelVtdDriverOptions().MaxSubmissions, timeouts);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void In_caching_mode_a_new_mapping_is_flushed_before_it_is_used(KernelVersion kernel)
    {
        using var host = new Host(kernel, new IntelVtdOptions { Capability = new(IntelVtdOptions.LegacyCapability | (1 << 7)) });
        var domain = host.Driver.AllocateDomain(DomainType.Unmanaged);
        Assert.Null(host.Write());
        host.Run(host.Driver.Attach(domain, host.Device));
        Assert.Null(host.Write());
        DomainPaging.Map(domain.PageTable!, Iova, PageOfA, 4096, Protection.Read | Protection.Write, new InvalidationGather());
        Assert.Null(host.Write());
        host.Run(host.Driver.SyncMap(domain, new Iova(Iova), 4096, new InvalidationGather()));
        Assert.Equal(PageOfA, host.Write());
    }

    [Fact]
    public void A_domain_of_five_levels_gives_a_unit_of_four_its_lower_ones()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 2UL << 30));
        var five = new IntelVtdOptions { Name = "dmar0", Capability = new((IntelVtdOptions.LegacyCapability & ~(0x3fUL << 16)) | (56UL << 16) | (1 << 11)) };
        var four = new IntelVtdOptions { Name = "dmar1" };
        var bus = new Bus(memory, new IntelVtdIommu(memory, five, new IotlbGeometry()), new IntelVtdIommu(memory, four, new IotlbGeometry()));
        var driver = new IntelVtdDriver(memory, new FrameAllocator(memory, 1UL << 30, 1UL << 30, OwnerTag.Host), KernelVersion.Linux61, units: 2);
        Assert.Equal(0, bus.Run(driver.Probe()));
        var near = new DmaDevice("near", new StreamId(0x100));
        var far = new DmaDevice("far", [new StreamBinding(1, new StreamId(0x100))]);
        Assert.Equal(0, bus.Run(driver.ProbeDevice(near)));
        Assert.Equal(0, bus.Run(driver.ProbeDevice(far)));
        var domain = (IntelVtdDomain)driver.AllocateDomain(DomainType.Unmanaged);
        Assert.Equal(0, bus.Run(driver.Attach(domain, near)));
        Assert.Equal(5, domain.Table!.Options.Levels);
        DomainPaging.Map(domain.PageTable!, Iova, PageOfA, 4096, Protection.Read | Protection.Write, new InvalidationGather());

        Assert.Equal(0, bus.Run(driver.Attach(domain, far)));

        var completions = new DmaCompletion[1];
        bus.Units[1].Translate([new DmaRequest(far.Stream, new Iova(Iova), DmaAccess.Write)], completions);
        Assert.Equal(PageOfA, completions[0].Address.Value);
        Assert.Equal(4, domain.Table.Options.Levels);
    }

    [Theory]
    [InlineData(0x1000UL, 0x1fffUL, 0)]
    [InlineData(0x0UL, 0x2fffUL, 2)]
    [InlineData(0x1000UL, 0x2fffUL, 2)]
    [InlineData(0x3000UL, 0x4fffUL, 3)]
    [InlineData(0x20_0000UL, 0x3f_ffffUL, 9)]
    public void A_page_selective_invalidation_covers_the_range_wherever_it_starts(ulong first, ulong last, int mask) =>
        Assert.Equal(mask, VtdInvalidator.CoveringMask(first, last));

    private sealed class Host : IDisposable
    {
        private readonly PhysicalMemory _memory;
        private readonly Bus _bus;
        private readonly DmaRequest[] _request = new DmaRequest[1];
        private readonly DmaCompletion[] _completion = new DmaCompletion[1];

        public Host(string variant, KernelVersion kernel)
            : this(IntelVtdRoom.Room.Create(new PlatformOptions { Kernel = kernel, Variant = variant, RamSize = 2UL << 30, Iotlb = IotlbGeometry.WithoutLimit }))
        {
        }

        public Host(KernelVersion kernel, IntelVtdOptions options)
        {
            _memory = new PhysicalMemory(new MemoryRange(0, 2UL << 30));
            _bus = new Bus(_memory, new IntelVtdIommu(_memory, options, IotlbGeometry.WithoutLimit));
            Driver = new IntelVtdDriver(_memory, new FrameAllocator(_memory, 1UL << 30, 1UL << 30, OwnerTag.Host), kernel);
            Device = new DmaDevice("pci0", new StreamId(0x100));
            BringUp();
        }

        private Host(Platform platform)
        {
            (_memory, _bus, Driver, Device) = (platform.Memory, platform.Bus, platform.Driver, platform.Device(0));
            BringUp();
        }

        public IIommuDriver Driver { get; }

        public DmaDevice Device { get; }

        public IIommu Silicon => _bus.Units[0];

        public void Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null) => Assert.Equal(0, _bus.Run(sequence, afterEach));

        public IommuDomain Domain(ulong page)
        {
            var domain = Driver.AllocateDomain(DomainType.Unmanaged);
            Driver.Finalise(domain, Device);
            var result = DomainPaging.Map(domain.PageTable!, Iova, page, 4096, Protection.Read | Protection.Write, new InvalidationGather());
            Assert.Equal(Errno.None, result.Errno);
            return domain;
        }

        public ulong? Write(StreamId? stream = null)
        {
            _request[0] = new DmaRequest(stream ?? Device.Stream, new Iova(Iova), DmaAccess.Write);
            Silicon.Translate(_request, _completion);
            return _completion[0].Status == DmaStatus.Completed ? _completion[0].Address.Value : null;
        }

        public FaultRecord? Fault()
        {
            var records = new FaultRecord[64];
            var count = Silicon.Faults.Take(records);
            return count > 0 ? records[count - 1] : null;
        }

        public void Dispose() => _memory.Dispose();

        private void BringUp()
        {
            Run(Driver.Probe());
            Run(Driver.ProbeDevice(Device));
        }
    }
}
