using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.S390;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.S390;

/// <summary>Map, unmap and the refreshes that make them seen.</summary>
public sealed class MappingTests
{
    private const Protection ReadWrite = Protection.Read | Protection.Write;

    [Fact]
    public void In_6_1_a_run_of_pages_is_one_refresh_for_each_function_the_latest_first()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        var domain = machine.Attached();
        machine.Run(machine.Driver.Attach(domain, ZpciMachine.Device(1)));
        var refreshes = Refreshes(machine, machine.Driver.Map(domain, ZpciMachine.Start + 0x6000, ZpciMachine.PageB + 0x6000, 0xa000, ReadWrite));

        Assert.Equal(
            [
                (ZpciMachine.Handle(1), 0x6000UL, 0x2000UL), (ZpciMachine.Handle(), 0x6000UL, 0x2000UL),
                (ZpciMachine.Handle(1), 0x8000UL, 0x8000UL), (ZpciMachine.Handle(), 0x8000UL, 0x8000UL),
            ],
            refreshes.Select(refresh => (refresh.Handle, refresh.Iova - ZpciMachine.Start, refresh.Bytes)));
        Assert.Equal(ZpciMachine.PageB + 0xf123, machine.Dma(ZpciMachine.Start + 0xf123, function: 1));
    }

    [Fact]
    public void In_6_12_a_map_refreshes_only_functions_that_need_it_and_an_unmap_refreshes_all()
    {
        var functions = ZpciMachine.Functions(2);
        functions[1] = functions[1] with { NeedsRefresh = true };
        using var machine = new ZpciMachine(KernelVersion.Linux612, new S390Options { Functions = functions });
        var domain = machine.Attached();
        machine.Run(machine.Driver.Attach(domain, ZpciMachine.Device(1)));

        var mapped = Refreshes(machine, machine.Driver.Map(domain, ZpciMachine.Start, ZpciMachine.PageB, 0x3000, ReadWrite));
        var unmapped = Refreshes(machine, machine.Driver.Unmap(domain, ZpciMachine.Start, 0x3000));
        var flushed = Refreshes(machine, machine.Driver.FlushAll(domain));

        Assert.Equal([(ZpciMachine.Handle(1), ZpciMachine.Start, 0x3000UL)], mapped);
        Assert.Equal([(ZpciMachine.Handle(1), ZpciMachine.Start, 0x3000UL), (ZpciMachine.Handle(), ZpciMachine.Start, 0x3000UL)], unmapped);
        Assert.Equal(
            [(ZpciMachine.Handle(1), ZpciMachine.Start, 0x8000_0000UL), (ZpciMachine.Handle(), ZpciMachine.Start, 0x8000_0000UL)], flushed);
    }

    [Fact]
    public void A_hypervisor_sees_a_map_at_its_refresh_and_nothing_that_was_mapped_before_the_registration()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612, ZpciMachine.Of(ZpciMachine.Function with { NeedsRefresh = true }));
        var domain = machine.Attached();
        Assert.Null(machine.Dma());
        Assert.Equal(S390EventCode.TranslationProtection, machine.TakeEvent().Code);
        machine.Modify(S390Operation.ResetError);

        machine.Refresh(ZpciMachine.Start, ZpciMachine.End - ZpciMachine.Start + 1);
        Assert.Equal(ZpciMachine.PageA, machine.Dma());

        domain.Table!.Map(ZpciMachine.Start, ZpciMachine.PageB, 0x1000, 1, ReadWrite, new InvalidationGather());
        domain.Table.Unmap(ZpciMachine.Mapped, 0x1000, 1, new InvalidationGather());
        Assert.Equal(ZpciMachine.PageA, machine.Dma());
        machine.Refresh(ZpciMachine.Mapped, 0x1000);
        machine.Refresh(ZpciMachine.Start, 0x1000);
        Assert.Equal(ZpciMachine.PageB, machine.Dma(ZpciMachine.Start));
        Assert.Null(machine.Dma());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, Errno.EINVAL)]
    [InlineData(KernelVersion.Linux612, Errno.None)]
    public void The_last_page_of_the_aperture_cannot_be_mapped_in_6_1(KernelVersion kernel, Errno expected)
    {
        using var machine = new ZpciMachine(kernel, ZpciMachine.Of(ZpciMachine.Function with { End = ulong.MaxValue >> 8 }));
        var domain = machine.Attached();
        const ulong Last = 0x3ff_ffff_f000;

        Assert.Equal(-(long)expected, machine.Run(machine.Driver.Map(domain, Last, 0x1000, 0x1000, ReadWrite)));

        Assert.Equal(0, machine.Run(machine.Driver.Map(domain, Last - 0x1000, 0x1000, 0x1000, ReadWrite)));
        Assert.Equal(0x1000UL, machine.Dma(Last - 0x1000));
        Assert.Equal(expected == Errno.None ? 0x1000UL : 0, (ulong)machine.Run(machine.Driver.Unmap(domain, Last, 0x1000)));
    }

    [Theory]
    [InlineData(ZpciMachine.Start - 0x1000, 0x1000, Protection.Read)]
    [InlineData(ZpciMachine.End + 1, 0x1000, Protection.Read)]
    [InlineData(ZpciMachine.Start, 0x1000, Protection.Write)]
    [InlineData(ZpciMachine.Start, 0x1000, Protection.None)]
    [InlineData(ZpciMachine.Start + 0x800, 0x1000, Protection.Read)]
    [InlineData(ZpciMachine.Start, 0x800, Protection.Read)]
    public void In_6_1_a_map_outside_the_aperture_or_without_read_permission_or_unaligned_is_refused(ulong iova, ulong size, Protection protection)
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        var domain = machine.Attached();

        Assert.Equal(-(long)Errno.EINVAL, machine.Run(machine.Driver.Map(domain, iova, ZpciMachine.PageB, size, protection)));
    }

    [Fact]
    public void A_domain_of_6_1_can_map_nothing_before_its_first_attach()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        var domain = machine.Driver.AllocateDomain(DomainType.Unmanaged);

        Assert.Equal(-(long)Errno.EINVAL, machine.Run(machine.Driver.Map(domain, 0, ZpciMachine.PageB, 0x1000, ReadWrite)));
        machine.Run(machine.Driver.Attach(domain, ZpciMachine.Device()));
        Assert.Equal(0, machine.Run(machine.Driver.Map(domain, ZpciMachine.Start, ZpciMachine.PageB, 0x1000, ReadWrite)));
    }

    [Fact]
    public void A_map_that_fails_half_way_is_unmapped_again()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        var domain = machine.Attached();

        Assert.Equal(-(long)Errno.EINVAL, machine.Run(machine.Driver.Map(domain, ZpciMachine.End - 0x1fff, ZpciMachine.PageB + 0x1000, 0x2000, ReadWrite)));

        Assert.Null(domain.Table!.Lookup(ZpciMachine.End - 0x1fff));
        Assert.Equal(0, domain.Table.Tables.Warnings);
    }

    [Fact]
    public void The_frame_at_zero_cannot_be_unmapped_in_6_1()
    {
        using var before = new ZpciMachine(KernelVersion.Linux61);
        using var after = new ZpciMachine(KernelVersion.Linux612);
        foreach (var (machine, unmapped) in new[] { (before, 0L), (after, 0x1000L) })
        {
            var domain = machine.Attached(page: 0);
            Assert.Null(domain.Table!.Lookup(ZpciMachine.Mapped));
            Assert.Equal(unmapped, machine.Run(machine.Driver.Unmap(domain, ZpciMachine.Mapped, 0x1000)));
            Assert.Equal(unmapped == 0 ? 0x10UL : null, machine.Dma(ZpciMachine.Mapped + 0x10));
        }
    }

    [Fact]
    public void Mapping_over_a_page_and_unmapping_a_hole_warn_and_do_it()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        var domain = machine.Attached();

        Assert.Equal(new MapResult(Errno.None, 0x1000, 1), domain.Table!.Map(ZpciMachine.Mapped, ZpciMachine.PageB, 0x1000, 1, Protection.Read, new InvalidationGather()));
        Assert.Equal(0x2000UL, domain.Table.Unmap(ZpciMachine.Mapped, 0x2000, 1, new InvalidationGather()));

        Assert.Equal(2, domain.Table.Tables.Warnings);
    }

    [Theory]
    [MemberData(nameof(ZpciMachine.Kernels), MemberType = typeof(ZpciMachine))]
    public void An_unmapped_page_translates_until_it_is_refreshed(KernelVersion kernel)
    {
        using var machine = new ZpciMachine(kernel);
        var domain = machine.Attached();
        machine.Dma();
        var gather = new InvalidationGather();

        Assert.Equal(0x1000UL, domain.Table!.Unmap(ZpciMachine.Mapped, 0x1000, 1, gather));

        Assert.Equal(ZpciMachine.PageA, machine.Dma());
        Assert.Equal(0, machine.Run(machine.Driver.Sync(domain, gather)));
        Assert.Null(machine.Dma());
    }

    [Fact]
    public void A_refresh_is_for_one_function_and_one_range()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        var domain = machine.Attached();
        machine.Run(machine.Driver.Attach(domain, ZpciMachine.Device(1)));
        machine.Dma();
        machine.Dma(function: 1);
        domain.Table!.Unmap(ZpciMachine.Mapped, 0x1000, 1, new InvalidationGather());

        machine.Refresh(ZpciMachine.Mapped - 0x1000, 0x1000);
        machine.Refresh(ZpciMachine.Mapped, 0x1000, function: 1);

        Assert.Equal(ZpciMachine.PageA, machine.Dma());
        Assert.Null(machine.Dma(function: 1));
    }

    [Fact]
    public void In_6_1_who_writes_the_tables_himself_has_the_refreshes_done_by_the_syncs()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        var domain = machine.Attached();

        Assert.Equal(
            [(ZpciMachine.Handle(), ZpciMachine.Mapped, 0x1000UL)],
            Refreshes(machine, machine.Driver.SyncMap(domain, new Iova(ZpciMachine.Mapped), 0x1000, new InvalidationGather())));
    }

    [Fact]
    public void A_freed_domain_gives_back_every_table()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612);
        var domain = machine.Domain(ZpciMachine.PageA);
        machine.Run(machine.Driver.Map(domain, ZpciMachine.Mapped + 0x10_0000, ZpciMachine.PageB, 0x1000, ReadWrite));

        machine.Run(machine.Driver.FreeDomain(domain));

        // Region-third table, segment table, two page tables.
        Assert.Equal(4, ((Hardware.Memory.IFrameAllocator)machine.Frames).Freed);
    }

    [Fact]
    public void Translation_allocates_nothing()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux612, new S390Options { Functions = ZpciMachine.Functions(2), Iotlb = new IotlbGeometry { Sets = 1, Ways = 1 } });
        var domain = machine.Attached();
        machine.Run(machine.Driver.Map(domain, ZpciMachine.Start, ZpciMachine.PageB, 0x1000, ReadWrite));
        var requests = new DmaRequest[256];
        for (var i = 0; i < requests.Length; i++)
            requests[i] = new DmaRequest(new StreamId((uint)(i % 3)), new Iova(i % 2 == 0 ? ZpciMachine.Mapped : ZpciMachine.Start), DmaAccess.Read);
        var completions = new DmaCompletion[requests.Length];
        machine.Silicon.Translate(requests, completions);

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                machine.Silicon.Translate(requests, completions);
        }));
        Assert.Equal(DmaStatus.Completed, completions[0].Status);
    }

    // The RPCITs of a sequence, as the silicon is told of them.
    private static List<(uint Handle, ulong Iova, ulong Bytes)> Refreshes(ZpciMachine machine, IEnumerable<DriverStep> sequence)
    {
        var refreshes = new List<(uint, ulong, ulong)>();
        Assert.True(machine.Run(sequence, step =>
        {
            if (step is { Kind: DriverStepKind.WriteRegister, Address: S390Registers.Refresh })
                refreshes.Add(((uint)(step.Value >> 32), machine.Read(S390Registers.RefreshAddress), machine.Read(S390Registers.RefreshLength)));
        }) >= 0);
        return refreshes;
    }
}
