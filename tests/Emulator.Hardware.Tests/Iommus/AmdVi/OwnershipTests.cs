using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.AmdVi;

namespace Emulator.Hardware.Tests.Iommus.AmdVi;

public sealed class OwnershipTests
{
    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void A_device_that_nobody_claimed_is_blocked_from_boot(KernelVersion kernel)
    {
        using var bench = new AmdViBench(kernel);

        Assert.Equal(3UL, bench.DeviceTableWord(bench.Device, 0));
        Assert.Equal(DmaStatus.Aborted, bench.Dma(AmdViBench.Page).Status);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, "v1", DomainType.Unmanaged)]
    [InlineData(KernelVersion.Linux61, "v1", DomainType.Dma)]
    [InlineData(KernelVersion.Linux61, "v2", DomainType.Dma)]
    [InlineData(KernelVersion.Linux61, "snp", DomainType.Dma)]
    [InlineData(KernelVersion.Linux612, "v1", DomainType.Unmanaged)]
    [InlineData(KernelVersion.Linux612, "v2", DomainType.Dma)]
    [InlineData(KernelVersion.Linux612, "snp", DomainType.Unmanaged)]
    public void Attached_DMA_goes_where_the_domain_maps_it_and_nowhere_after_the_unmap(KernelVersion kernel, string variant, DomainType type)
    {
        using var bench = new AmdViBench(kernel, variant);
        var domain = bench.AttachMapped(type);

        Assert.Equal(AmdViBench.Target + 0x10, bench.Dma(AmdViBench.Page + 0x10).Address.Value);
        Assert.Equal(DmaStatus.Aborted, bench.Dma(AmdViBench.Page + 0x1000).Status);
        bench.Unmap(domain, AmdViBench.Page);
        Assert.Equal(DmaStatus.Aborted, bench.Dma(AmdViBench.Page).Status);
        Assert.Equal(0, bench.Driver.Timeouts);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Detach_on_AMD_refuses_the_next_DMA_with_IO_PAGE_FAULT_of_domain_0(KernelVersion kernel)
    {
        using var bench = new AmdViBench(kernel);
        var domain = bench.AttachMapped();
        Assert.Equal(DmaStatus.Completed, bench.Dma(AmdViBench.Page).Status);

        bench.Run(bench.Driver.Detach(domain, bench.Device));

        Assert.Equal(3UL, bench.DeviceTableWord(bench.Device, 0));
        Assert.Equal(0UL, bench.DeviceTableWord(bench.Device, 1));
        Assert.Equal(DmaStatus.Aborted, bench.Dma(AmdViBench.Page, DmaAccess.Write).Status);
        Assert.Equal(DmaStatus.Aborted, bench.Dma(AmdViBench.Page, DmaAccess.Read).Status);
        Assert.Equal([new AmdViEvent(0x2070_0000_0000_0300, AmdViBench.Page), new AmdViEvent(0x2050_0000_0000_0300, AmdViBench.Page)], bench.Events());
    }

    [Fact]
    public void The_blocking_domain_of_6_12_writes_the_value_of_a_detach()
    {
        using var bench = new AmdViBench(KernelVersion.Linux612);
        bench.AttachMapped();

        bench.Run(bench.Driver.Block(bench.Device));

        Assert.Equal(3UL, bench.DeviceTableWord(bench.Device, 0));
        Assert.Equal(DmaStatus.Aborted, bench.Dma(AmdViBench.Page).Status);
    }

    [Fact]
    public void Linux_6_1_has_no_blocking_domain()
    {
        using var bench = new AmdViBench(KernelVersion.Linux61);

        Assert.False(bench.Driver.HasNativeBlocking);
        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => bench.Driver.AllocateDomain(DomainType.Blocked)).Errno);
    }

    // The words that a real 6.1 wrote in these states (tests/data/traces/ownership.tsv), but for root and DomainID.
    [Fact]
    public void Entries_of_each_state_of_ownership_are_those_of_a_real_kernel()
    {
        using var bench = new AmdViBench(KernelVersion.Linux61);
        var claimed = (AmdViDomain)bench.Driver.AllocateDomain(DomainType.Unmanaged);
        bench.Run(bench.Driver.Attach(claimed, bench.Device));
        Assert.Equal([0x6000_0000_0000_0603 | claimed.Paging.Root, claimed.Id, 1, 0], Words());
        Assert.Equal(DmaStatus.Aborted, bench.Dma(AmdViBench.Page).Status);

        var identity = (AmdViDomain)bench.Driver.AllocateDomain(DomainType.Identity);
        bench.Run(bench.Driver.Attach(identity, bench.Device));
        Assert.Equal([0x6000_0000_0000_0003, identity.Id, 1, 0], Words());

        bench.Run(bench.Driver.ReleaseDevice(bench.Device));
        Assert.Equal([3UL, 0UL, 1UL, 0UL], Words());

        ulong[] Words() => [.. Enumerable.Range(0, 4).Select(word => bench.DeviceTableWord(bench.Device, word))];
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void A_detached_device_with_SysMgt_01_still_writes_anywhere_but_reads_nothing(KernelVersion kernel)
    {
        using var bench = new AmdViBench(kernel, AmdViRoom.SystemManagement);
        var device = bench.Platform.Device(0);
        var domain = bench.Driver.AllocateDomain(DomainType.Unmanaged);
        bench.Run(bench.Driver.Attach(domain, device));
        Assert.Equal(DmaStatus.Aborted, bench.Dma(0x5000, DmaAccess.Write, device).Status);

        bench.Run(bench.Driver.Detach(domain, device));

        Assert.Equal(0x4000_0000_0000_0003UL, bench.DeviceTableWord(device, 0));
        Assert.Equal(1UL << 40, bench.DeviceTableWord(device, 1));
        Assert.Equal(0x5000UL, bench.Dma(0x5000, DmaAccess.Write, device).Address.Value);
        Assert.Equal(DmaStatus.Completed, bench.Dma(0x5000, DmaAccess.Write, device).Status);
        Assert.Equal(DmaStatus.Aborted, bench.Dma(0x5000, DmaAccess.Read, device).Status);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Under_SNP_a_detach_leaves_TV_clear_and_that_blocks_too(KernelVersion kernel)
    {
        using var bench = new AmdViBench(kernel, AmdViRoom.Snp);
        var domain = bench.AttachMapped();

        bench.Run(bench.Driver.Detach(domain, bench.Device));

        Assert.Equal(1UL, bench.DeviceTableWord(bench.Device, 0));
        Assert.Equal(DmaStatus.Aborted, bench.Dma(AmdViBench.Page).Status);
        Assert.Equal(AmdViEventFlags.Write, Assert.Single(bench.Events()).Flags);
        Assert.Throws<DriverException>(() => bench.Driver.AllocateDomain(DomainType.Identity));
    }

    [Fact]
    public void Identity_passes_both_directions_untranslated()
    {
        using var bench = new AmdViBench(KernelVersion.Linux61);
        var domain = bench.Driver.AllocateDomain(DomainType.Identity);
        bench.Run(bench.Driver.Attach(domain, bench.Device));

        Assert.Equal(0x6000_0000_0000_0003UL, bench.DeviceTableWord(bench.Device, 0));
        Assert.Equal(0x7000UL, bench.Dma(0x7000, DmaAccess.Write).Address.Value);
        Assert.Equal(DmaStatus.Completed, bench.Dma(0x7000, DmaAccess.Read).Status);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void During_a_detach_the_cached_entry_translates_until_INVALIDATE_DEVTAB_ENTRY(KernelVersion kernel)
    {
        using var bench = new AmdViBench(kernel);
        var domain = bench.AttachMapped();
        bench.Dma(AmdViBench.Page);
        var seen = new List<DmaStatus>();
        var invalidated = -1;

        bench.Platform.Bus.Run(bench.Driver.Detach(domain, bench.Device), step =>
        {
            if (invalidated < 0 && step.Kind == DriverStepKind.WriteRegister && step.Address == AmdViRegisters.CommandTail)
                invalidated = seen.Count;
            seen.Add(bench.Dma(AmdViBench.Page).Status);
        });

        Assert.True(invalidated > 2);
        Assert.All(seen.Take(invalidated), status => Assert.Equal(DmaStatus.Completed, status));
        Assert.All(seen.Skip(invalidated), status => Assert.Equal(DmaStatus.Aborted, status));
    }

    [Fact]
    public void Aliases_get_the_entry_of_their_device()
    {
        using var bench = new AmdViBench(KernelVersion.Linux61);
        var device = new DmaDevice("bridge", [new StreamBinding(0, new StreamId(0x200)), new StreamBinding(0, new StreamId(0x208))]);
        var alias = new DmaDevice("alias", new StreamId(0x208));
        var domain = bench.Driver.AllocateDomain(DomainType.Unmanaged);
        bench.Map(domain, AmdViBench.Page, AmdViBench.Target);
        bench.Run(bench.Driver.Attach(domain, device));
        Assert.Equal(AmdViBench.Target, bench.Dma(AmdViBench.Page, DmaAccess.Write, alias).Address.Value);

        bench.Run(bench.Driver.Detach(domain, device));

        Assert.Equal(DmaStatus.Aborted, bench.Dma(AmdViBench.Page, DmaAccess.Write, alias).Status);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void A_table_that_grows_is_put_into_the_entries_of_attached_devices(KernelVersion kernel)
    {
        using var bench = new AmdViBench(kernel);
        var domain = bench.AttachMapped();
        Assert.Equal(DmaStatus.Aborted, bench.Dma(0x80_0012_3000).Status);

        bench.Map(domain, 0x80_0012_3000, 0x5_5555_5000);

        Assert.Equal(0x5_5555_5000UL, bench.Dma(0x80_0012_3000).Address.Value);
        Assert.Equal(AmdViBench.Target, bench.Dma(AmdViBench.Page).Address.Value);
        Assert.Equal(4, new AmdViDeviceTableEntry(bench.DeviceTableWord(bench.Device, 0), 0).Mode);
    }

    [Fact]
    public void A_device_outside_the_device_table_is_not_probed()
    {
        using var bench = new AmdViBench(KernelVersion.Linux61);

        Assert.Equal(-(long)Errno.ENODEV, bench.Run(bench.Driver.ProbeDevice(new DmaDevice("far", new StreamId(0x1000)))));
    }

    [Fact]
    public void DomainIDs_are_reused_lowest_first()
    {
        using var bench = new AmdViBench(KernelVersion.Linux61);
        var first = (AmdViDomain)bench.Driver.AllocateDomain(DomainType.Unmanaged);
        var second = (AmdViDomain)bench.Driver.AllocateDomain(DomainType.Identity);
        bench.Run(bench.Driver.FreeDomain(first));

        Assert.Equal((1, 2, 1), (first.Id, second.Id, ((AmdViDomain)bench.Driver.AllocateDomain(DomainType.Dma)).Id));
    }
}
