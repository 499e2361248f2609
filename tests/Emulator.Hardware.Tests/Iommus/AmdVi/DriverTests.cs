using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.AmdVi;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Tests.Iommus.AmdVi;

public sealed class DriverTests
{
    [Fact]
    public void Every_change_waits_for_its_invalidations_by_the_semaphore()
    {
        using var bench = new AmdViBench(KernelVersion.Linux61);
        var domain = bench.Driver.AllocateDomain(DomainType.Unmanaged);

        var steps = bench.Driver.Attach(domain, bench.Device);
        var commands = Commands(bench, steps);

        Assert.Equal([AmdViCommandKind.InvalidateDeviceTableEntry, AmdViCommandKind.InvalidateIommuPages, AmdViCommandKind.CompletionWait], commands);
    }

    [Fact]
    public void The_6_12_detach_waits_for_the_entry_and_again_for_the_domain()
    {
        using var bench = new AmdViBench(KernelVersion.Linux612);
        var domain = bench.AttachMapped();

        Assert.Equal(
            [AmdViCommandKind.InvalidateDeviceTableEntry, AmdViCommandKind.CompletionWait, AmdViCommandKind.InvalidateIommuPages, AmdViCommandKind.CompletionWait],
            Commands(bench, bench.Driver.Detach(domain, bench.Device)));
    }

    [Fact]
    public void Devices_with_ATS_have_their_TLB_invalidated_with_their_entry_and_with_their_domain()
    {
        using var bench = new AmdViBench(KernelVersion.Linux61);
        var domain = bench.Driver.AllocateDomain(DomainType.Unmanaged);
        var device = bench.Device with { AtsSupported = true };

        Assert.Equal(
            [
                AmdViCommandKind.InvalidateDeviceTableEntry, AmdViCommandKind.InvalidateIotlbPages, AmdViCommandKind.InvalidateIommuPages,
                AmdViCommandKind.InvalidateIotlbPages, AmdViCommandKind.CompletionWait,
            ],
            Commands(bench, bench.Driver.Attach(domain, device)));
        Assert.Equal(AmdViDeviceTableEntry.AtsBit, bench.DeviceTableWord(device, 1) & AmdViDeviceTableEntry.AtsBit);
    }

    [Fact]
    public void A_silicon_that_takes_no_commands_makes_the_driver_time_out_and_go_on()
    {
        using var bench = new AmdViBench(KernelVersion.Linux61);
        var domain = bench.Driver.AllocateDomain(DomainType.Unmanaged);
        bench.Silicon.Registers.Write(AmdViRegisters.Control, 8, AmdViSilicon.Bit(AmdViControl.Enable));

        Assert.Equal(0, bench.Run(bench.Driver.Attach(domain, bench.Device)));

        Assert.Equal(1, bench.Driver.Timeouts);
    }

    [Fact]
    public void A_virtual_IOMMU_is_told_of_new_mappings()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 1UL << 32));
        var frames = new FrameAllocator(memory, 1UL << 24, 1UL << 24, OwnerTag.Host);
        var silicon = new AmdViIommu("amd-iommu", memory, new AmdViIommuOptions());
        var bus = new Bus(memory, silicon);
        var driver = new AmdViDriver(memory, frames, KernelVersion.Linux61, new AmdViDriverOptions { NonPresentCache = true });
        bus.Run(driver.Probe());
        var domain = driver.AllocateDomain(DomainType.Unmanaged);
        bus.Run(driver.Attach(domain, new DmaDevice("device", new StreamId(0x100))));
        var doorbells = 0;

        bus.Run(driver.SyncMap(domain, new Iova(0x5000), 0x1000, new Hardware.PageTables.InvalidationGather()), step => doorbells += Doorbell(step) ? 1 : 0);

        Assert.Equal(2, doorbells);
    }

    [Fact]
    public void Silicon_without_INVALIDATE_ALL_is_flushed_entry_by_entry_at_boot()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 1UL << 32));
        var frames = new FrameAllocator(memory, 1UL << 24, 1UL << 24, OwnerTag.Host);
        var silicon = new AmdViIommu("amd-iommu", memory, new AmdViIommuOptions { Features = default });
        var bus = new Bus(memory, silicon);
        var driver = new AmdViDriver(memory, frames, KernelVersion.Linux61, new AmdViDriverOptions { LastDeviceId = 0x3ff });
        var doorbells = 0;

        bus.Run(driver.Probe(), step => doorbells += Doorbell(step) ? 1 : 0);

        Assert.Equal((3 * 0x400) + 4, doorbells);
        Assert.Equal(0, driver.Timeouts);
        Assert.Equal(0, silicon.Faults.Total);
    }

    [Fact]
    public void Freeing_a_domain_gives_its_tables_back()
    {
        using var bench = new AmdViBench(KernelVersion.Linux61, AmdViRoom.GuestTables);
        var domain = bench.AttachMapped(DomainType.Dma);
        bench.Run(bench.Driver.Detach(domain, bench.Device));
        bench.Run(bench.Driver.FreeDomain(domain));

        var again = bench.Driver.AllocateDomain(DomainType.Dma);

        Assert.Equal(((AmdViDomain)domain).Id, ((AmdViDomain)again).Id);
        Assert.Null(again.PageTable!.Lookup(AmdViBench.Page));
    }

    private static bool Doorbell(DriverStep step) => step.Kind == DriverStepKind.WriteRegister && step.Address == AmdViRegisters.CommandTail;

    // The commands of a sequence: the words stored before each write of the tail.
    private static List<AmdViCommandKind> Commands(AmdViBench bench, IEnumerable<DriverStep> sequence)
    {
        var commands = new List<AmdViCommandKind>();
        var (word0, word1) = (0UL, 0UL);
        bench.Platform.Bus.Run(sequence, step =>
        {
            if (step.Kind == DriverStepKind.WriteMemory)
                (word0, word1) = (word1, step.Value);
            else if (Doorbell(step))
                commands.Add(new AmdViCommand(word0, word1).Kind);
        });
        return commands;
    }
}
