using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.ArmSmmuV3;
using Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmuV3;

/// <summary>What DMA meets while Linux's driver moves devices between domains.</summary>
public sealed class DriverSequenceTests
{
    private const uint Stream = 0x20;
    private const ulong Iova = 0x1000_0000;
    private const ulong Physical = 0x1234_5000;

    public static TheoryData<string, KernelVersion> Platforms
    {
        get
        {
            var data = new TheoryData<string, KernelVersion>();
            foreach (var variant in ArmSmmuV3Room.Room.Variants)
            {
                data.Add(variant, KernelVersion.Linux61);
                data.Add(variant, KernelVersion.Linux612);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Platforms))]
    public void A_device_reaches_what_is_mapped_for_it_and_nothing_after_it_is_released(string variant, KernelVersion kernel)
    {
        using var platform = ArmSmmuV3Room.Room.Create(new PlatformOptions { Variant = variant, Kernel = kernel, RamSize = 4UL << 30 });
        var (driver, device) = (platform.Driver, platform.Device(3));
        Assert.Equal(0, platform.Bus.Run(driver.Probe()));
        Assert.Equal(0, platform.Bus.Run(driver.ProbeDevice(device)));
        var domain = driver.AllocateDomain(DomainType.Unmanaged);
        Assert.Equal(0, platform.Bus.Run(driver.Attach(domain, device)));
        Assert.Equal(0, platform.Bus.Run(DomainMapping.Map(driver, domain, Iova, Physical, 0x3000, DriverBench.ReadWrite)));
        Assert.Equal(Physical + 0x2008, Dma(platform, device, Iova + 0x2008).Address.Value);
        Assert.Equal(0x3000, platform.Bus.Run(DomainMapping.Unmap(driver, domain, Iova, 0x3000)));
        Assert.Equal(DmaStatus.Aborted, Dma(platform, device, Iova + 0x2008).Status);
        Assert.Equal(0, platform.Bus.Run(DomainMapping.Map(driver, domain, Iova, Physical, 0x1000, DriverBench.ReadWrite)));
        Assert.Equal(0, platform.Bus.Run(driver.ReleaseDevice(device)));
        Assert.Equal(DmaStatus.Aborted, Dma(platform, device, Iova).Status);
        Assert.Equal(0, platform.Bus.Run(driver.FreeDomain(domain)));
        Assert.Equal(0, platform.Bus.Units[0].Registers.UndeclaredAccesses);
    }

    [Fact]
    public void Detach_in_6_1_blocks_in_silence()
    {
        using var bench = new DriverBench(KernelVersion.Linux61);
        var device = bench.Device();
        var domain = bench.Attached(device);
        bench.Map(domain, Iova, Physical);
        Assert.Equal(Physical, bench.Dma(Stream, Iova).Address.Value);
        bench.Run(bench.Driver.Detach(domain, device));
        Assert.Equal(DmaStatus.Aborted, bench.Dma(Stream, Iova).Status);
        Assert.Empty(bench.Events());
        Assert.False(bench.Silicon.InterruptAsserted);
    }

    [Fact]
    public void Detach_in_6_1_without_disable_bypass_lets_DMA_through_untranslated()
    {
        using var bench = new DriverBench(KernelVersion.Linux61, options: new ArmSmmuV3DriverOptions { DisableBypass = false });
        var device = bench.Device();
        var domain = bench.Attached(device);
        bench.Run(bench.Driver.Detach(domain, device));
        Assert.Equal(Iova, bench.Dma(Stream, Iova).Address.Value);
    }

    [Fact]
    public void A_failing_attach_in_6_1_leaves_the_device_aborted()
    {
        using var bench = new DriverBench(KernelVersion.Linux61);
        var device = bench.Device(pasidBits: 4);
        bench.Map(bench.Attached(device), Iova, Physical);
        var other = bench.Attached(bench.Device(0x21));
        Assert.Equal(-(long)Errno.EINVAL, bench.Run(bench.Driver.Attach(other, device)));
        Assert.Equal(DmaStatus.Aborted, bench.Dma(Stream, Iova).Status);
    }

    [Fact]
    public void A_failing_attach_in_6_12_changes_nothing()
    {
        using var bench = new DriverBench(KernelVersion.Linux612);
        using var elsewhere = new DriverBench(KernelVersion.Linux612);
        var device = bench.Device();
        bench.Map(bench.Attached(device), Iova, Physical);
        var foreign = elsewhere.Attached(elsewhere.Device());
        Assert.Equal(-(long)Errno.EINVAL, bench.Run(bench.Driver.Attach(foreign, device)));
        Assert.Equal(Physical, bench.Dma(Stream, Iova).Address.Value);
    }

    [Fact]
    public void The_blocked_domain_of_6_12_is_an_abort_entry_and_silent()
    {
        using var bench = new DriverBench(KernelVersion.Linux612);
        var device = bench.Device();
        bench.Map(bench.Attached(device), Iova, Physical);
        bench.Run(bench.Driver.Block(device));
        Assert.Equal(1UL, bench.Entry(Stream).Word0);
        Assert.Equal(DmaStatus.Aborted, bench.Dma(Stream, Iova).Status);
        Assert.Empty(bench.Events());
    }

    [Fact]
    public void Blocking_in_6_12_with_a_PASID_in_use_spares_the_PASID_and_records_the_rest()
    {
        using var bench = new DriverBench(KernelVersion.Linux612);
        var device = bench.Device(pasidBits: 4);
        bench.Map(bench.Attached(device), Iova, Physical);
        var shared = (ArmSmmuV3Domain)bench.Driver.AllocateDomain(DomainType.Unmanaged);
        Assert.Equal(0, bench.Run(bench.Driver.AttachPasid(shared, device, 3)));
        bench.Map(shared, Iova, Physical + 0x1000);
        bench.Run(bench.Driver.Block(device));
        Assert.Equal(DmaStatus.Aborted, bench.Dma(Stream, Iova).Status);
        Assert.Equal([EventCode.StreamDisabled], bench.Events());
        Assert.Equal(Physical + 0x1000, bench.Dma(Stream, Iova, pasid: 3).Address.Value);
        Assert.Equal(0, bench.Run(bench.Driver.DetachPasid(device, 3)));
        Assert.Equal(1UL, bench.Entry(Stream).Word0);
        Assert.Equal(DmaStatus.Aborted, bench.Dma(Stream, Iova, pasid: 3).Status);
    }

    [Fact]
    public void From_one_stage1_domain_to_the_next_6_12_passes_through_an_invalid_context()
    {
        using var bench = new DriverBench(KernelVersion.Linux612);
        var device = bench.Device();
        bench.Map(bench.Attached(device), Iova, Physical);
        var next = (ArmSmmuV3Domain)bench.Driver.AllocateDomain(DomainType.Unmanaged);
        bench.Driver.Finalise(next, device);
        bench.Map(next, Iova, Physical + 0x1000);
        var landed = new HashSet<ulong>();
        var seen = new HashSet<EventCode>();
        bench.Run(bench.Driver.Attach(next, device), _ =>
        {
            var completion = bench.Dma(Stream, Iova);
            if (completion.Status == DmaStatus.Completed)
                landed.Add(completion.Address.Value);
            seen.UnionWith(bench.Events());
        });
        Assert.Equal([EventCode.BadCd], seen);
        Assert.Equal(Physical + 0x1000, bench.Dma(Stream, Iova).Address.Value);
        Assert.All(landed, address => Assert.True(address is Physical or Physical + 0x1000));
    }

    [Fact]
    public void From_one_domain_to_the_next_6_1_aborts_in_silence()
    {
        using var bench = new DriverBench(KernelVersion.Linux61);
        var device = bench.Device();
        bench.Map(bench.Attached(device), Iova, Physical);
        var next = bench.Driver.AllocateDomain(DomainType.Unmanaged);
        bench.Driver.Finalise(next, device);
        bench.Map(next, Iova, Physical + 0x1000);
        var outcomes = new List<ulong?>();
        bench.Run(bench.Driver.Attach(next, device), _ =>
        {
            var completion = bench.Dma(Stream, Iova);
            outcomes.Add(completion.Status == DmaStatus.Completed ? completion.Address.Value : null);
        });
        Assert.Contains(null, outcomes);
        Assert.Equal(Physical + 0x1000, outcomes[^1]);
        Assert.Empty(bench.Events());
    }

    [Fact]
    public void Between_unmap_and_sync_a_DMA_still_lands_on_the_unmapped_page()
    {
        using var bench = new DriverBench(KernelVersion.Linux61);
        var domain = bench.Attached(bench.Device());
        bench.Map(domain, Iova, Physical);
        bench.Dma(Stream, Iova);
        var gather = DriverBench.Gather();
        domain.PageTable!.Unmap(Iova, 0x1000, 1, gather);
        Assert.Equal(Physical, bench.Dma(Stream, Iova).Address.Value);
        bench.Run(bench.Driver.Sync(domain, gather));
        Assert.Equal(DmaStatus.Aborted, bench.Dma(Stream, Iova).Status);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void A_stalled_DMA_that_nobody_handles_is_aborted_by_the_event_handler(KernelVersion kernel)
    {
        using var bench = new DriverBench(kernel);
        bench.Attached(bench.Device(canStall: true));
        Assert.Equal(DmaStatus.Stalled, bench.Dma(Stream, Iova, DmaAccess.Read).Status);
        bench.Run(bench.Driver.HandleInterrupt());
        var resumed = new ResumedDma[1];
        Assert.Equal(1, bench.Silicon.TakeResumed(resumed));
        Assert.Equal(DmaStatus.Aborted, resumed[0].Completion.Status);
    }

    [Fact]
    public void A_stalled_DMA_lands_after_its_handler_mapped_the_page()
    {
        using var bench = new DriverBench(KernelVersion.Linux612);
        var domain = bench.Attached(bench.Device(canStall: true));
        bench.Driver.StallHandler = (_, record) =>
        {
            domain.PageTable!.Map(record.InputAddress, Physical, 0x1000, 1, DriverBench.ReadWrite, DriverBench.Gather());
            return ResumeResponse.Retry;
        };
        Assert.Equal(DmaStatus.Stalled, bench.Dma(Stream, Iova, DmaAccess.Read).Status);
        bench.Run(bench.Driver.HandleInterrupt());
        var resumed = new ResumedDma[1];
        Assert.Equal(1, bench.Silicon.TakeResumed(resumed));
        Assert.Equal(Physical, resumed[0].Completion.Address.Value);
    }

    [Fact]
    public void After_an_event_queue_overflow_is_acknowledged_events_are_recorded_again()
    {
        var server = new ArmSmmuV3Options();
        using var bench = new DriverBench(KernelVersion.Linux61, server with { Idr1 = (server.Idr1 & ~(0x1fu << 16)) | (2u << 16) });
        bench.Attached(bench.Device());
        for (var i = 0; i < 6; i++)
            bench.Dma(Stream, Iova);
        bench.Run(bench.Driver.HandleInterrupt());
        Assert.False(bench.Silicon.InterruptAsserted);
        bench.Dma(Stream, Iova);
        Assert.True(bench.Silicon.InterruptAsserted);
    }

    [Fact]
    public void A_command_queue_that_wraps_many_times_stays_in_step()
    {
        var server = new ArmSmmuV3Options();
        using var bench = new DriverBench(KernelVersion.Linux61, server with { Idr1 = (server.Idr1 & ~(0x1fu << 21)) | (7u << 21), Idr3 = 0 });
        var domain = bench.Attached(bench.Device());
        for (var i = 0UL; i < 20; i++)
        {
            bench.Map(domain, Iova, Physical, 0x65000);
            Assert.Equal(Physical + 0x64000, bench.Dma(Stream, Iova + 0x64000).Address.Value);
            Assert.Equal(0x65000, bench.Run(DomainMapping.Unmap(bench.Driver, domain, Iova, 0x65000)));
            Assert.Equal(DmaStatus.Aborted, bench.Dma(Stream, Iova + 0x64000).Status);
        }
    }

    [Fact]
    public void An_illegal_command_is_turned_into_a_sync_by_the_error_handler()
    {
        using var bench = new DriverBench(KernelVersion.Linux612);
        var registers = bench.Silicon.Registers;
        var queue = new QueueBase(registers.Read(ArmSmmuV3Registers.CmdqBase, 8)).Address;
        var producer = registers.Read(ArmSmmuV3Registers.CmdqProd, 4);
        bench.Memory.Write64(queue + (producer * Command.Size), 0xff);
        registers.Write(ArmSmmuV3Registers.CmdqProd, 4, producer + 1);
        Assert.True(bench.Silicon.InterruptAsserted);
        bench.Run(bench.Driver.HandleInterrupt());
        Assert.False(bench.Silicon.InterruptAsserted);
        Assert.Equal(Command.Sync().Word0, bench.Memory.Read64(queue + (producer * Command.Size)));
        Assert.Equal(producer + 1, registers.Read(ArmSmmuV3Registers.CmdqCons, 4) & 0xf_ffff);
    }

    [Fact]
    public void A_stream_of_another_device_and_one_beyond_the_table_are_refused()
    {
        using var bench = new DriverBench(KernelVersion.Linux61);
        bench.Device();
        Assert.Equal(-(long)Errno.EINVAL, bench.Run(bench.Driver.ProbeDevice(new DmaDevice("twin", new StreamId(Stream)))));
        Assert.Equal(-(long)Errno.ERANGE, bench.Run(bench.Driver.ProbeDevice(new DmaDevice("far", new StreamId(0x10000)))));
    }

    private static DmaCompletion Dma(Platform platform, DmaDevice device, ulong iova)
    {
        var completion = new DmaCompletion[1];
        platform.Bus.Units[0].Translate([new DmaRequest(device.Stream, new Iova(iova), DmaAccess.Write)], completion);
        return completion[0];
    }
}
