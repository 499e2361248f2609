using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.MtkV1;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.MtkV1;

public sealed class MtkV1Tests
{
    [Theory]
    [InlineData(0x12345000, 0x9abcd000, 0x1000, Protection.Read | Protection.Write, 0x12345, 0x9abcd00a)]
    [InlineData(0x12345000, 0x9abcd000, 0x1000, Protection.Read, 0x12345, 0x9abcd00a)]
    [InlineData(0x00010000, 0x80000000, 0x10000, Protection.Read | Protection.Write, 0x1f, 0x8000f00a)]
    [InlineData(0xfffff000, 0x123456000, 0x1000, Protection.Read | Protection.Write, 0xfffff, 0x2345600a)]
    public void A_word_is_the_page_with_two_bits_and_says_nothing_of_protection(ulong iova, ulong page, ulong size, Protection protection, ulong index, uint word)
    {
        using var rig = new MtkV1Rig();
        rig.Run(rig.Driver.Attach(rig.Domain, MtkV1Rig.Device));
        rig.Run(rig.Driver.ResumeDevice(MtkV1Rig.Device));
        Assert.Equal(0, rig.Map(iova, page, size, protection));
        Assert.Equal(word, rig.Memory.Read32(rig.Table.Address + (index * 4)));
        Assert.Equal((word & 0xffff_f000UL) + 7, rig.Dma((index << 12) + 7, DmaAccess.Write));
    }

    [Fact]
    public void A_range_is_invalidated_from_its_first_to_its_last_page()
    {
        using var rig = new MtkV1Rig();
        rig.Run(rig.Driver.Attach(rig.Domain, MtkV1Rig.Device));
        var steps = rig.Driver.Map(rig.Domain, 0x10000, 0x8000_0000, 0x10000, Protection.Read).Select(step =>
        {
            rig.Bus.Perform(step);
            return rig.Bus.Describe(step);
        }).ToList();
        Assert.Equal(
            ["write INV_SEL = 0x3", "write INVLD_START = 0x10000", "write INVLD_END = 0x1f000", "write INVALIDATE = 0x1", "read  CPE_DONE -> 0x1", "write CPE_DONE = 0x0"], steps);
    }

    [Fact]
    public void A_port_goes_through_the_M4U_once_its_larb_wakes()
    {
        using var rig = new MtkV1Rig();
        Assert.Equal(MtkV1Rig.Iova, rig.Dma());
        rig.Run(rig.Driver.Attach(rig.Domain, MtkV1Rig.Device));
        Assert.Equal(MtkV1Rig.Iova, rig.Dma());
        var steps = new List<string>();
        rig.Run(rig.Driver.ResumeDevice(MtkV1Rig.Device), step => steps.Add(rig.Bus.Describe(step)));
        Assert.Equal(["read  SMI_SECUR_CON[2] -> 0x0", "write SMI_SECUR_CON[2] = 0xe00000"], steps);
        Assert.Equal(0xe00000UL, rig.Read(MtkV1Registers.Smi + 0x5c8));
        rig.Map(MtkV1Rig.Iova, MtkV1Rig.Page, 0x1000);
        Assert.Equal(MtkV1Rig.Page, rig.Dma());
        Assert.Equal(MtkV1Rig.Iova, rig.Dma(port: MtkV1Rig.Port + 1));
    }

    [Fact]
    public void Ports_of_the_last_larb_are_never_configured()
    {
        using var rig = new MtkV1Rig();
        var device = new DmaDevice("late", new StreamId(45));
        rig.Run(rig.Driver.Attach(rig.Domain, device));
        Assert.Empty(rig.Driver.ResumeDevice(device));
        Assert.Equal(MtkV1Rig.Iova, rig.Dma(port: 45));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void After_the_detach_DMA_is_translated_as_before_whatever_sleeps_and_wakes(KernelVersion kernel)
    {
        using var rig = new MtkV1Rig(kernel, IotlbGeometry.WithoutCaching).AttachAndMap();
        Assert.Equal([0u, 0u, 1u, 0u], rig.Driver.LarbMasks);
        Assert.Empty(rig.Driver.Detach(rig.Domain, MtkV1Rig.Device));
        Assert.Equal([0u, 0u, 0u, 0u], rig.Driver.LarbMasks);
        Assert.Equal(MtkV1Rig.Page, rig.Dma());
        Assert.Empty(rig.Driver.SuspendDevice(MtkV1Rig.Device));
        Assert.Empty(rig.Driver.ResumeDevice(MtkV1Rig.Device));
        Assert.Equal(MtkV1Rig.Page, rig.Dma(access: DmaAccess.Write));
        Assert.NotEqual(0x5555_5000UL, rig.Dma(0x5555_5000));
    }

    [Fact]
    public void A_foreign_domain_is_attached_with_success_and_changes_nothing()
    {
        using var rig = new MtkV1Rig().AttachAndMap();
        var foreign = rig.Driver.AllocateDomain(DomainType.Unmanaged);
        Assert.Equal(0, rig.Run(rig.Driver.Attach(foreign, MtkV1Rig.Device)));
        Assert.Empty(rig.Driver.Attach(foreign, MtkV1Rig.Device));
        Assert.Null(foreign.PageTable);
        Assert.Equal(MtkV1Rig.Page, rig.Dma());
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Map(foreign, 0, 0x1000, 0x1000, Protection.Read)));
    }

    [Theory]
    [InlineData(DmaAccess.Read)]
    [InlineData(DmaAccess.Write)]
    public void A_translation_fault_is_latched_and_the_access_lands_in_the_protect_buffer(DmaAccess access)
    {
        using var rig = new MtkV1Rig().AttachAndMap(new DmaDevice("port 3 of larb 2", new StreamId(24)));
        var landed = rig.Dma(0xabcd_e123, access, 24);
        Assert.Equal(rig.Read(MtkV1Registers.ProtectAddress) + 0x23, landed);
        Assert.Equal(OwnerTag.ProtectBuffer, rig.Memory.OwnerOf(landed!.Value));
        Assert.Equal(1UL, rig.Read(MtkV1Registers.FaultStatus));
        Assert.Equal(0xabcd_e000UL, rig.Read(MtkV1Registers.FaultAddress));
        Assert.Equal(0x8300UL, rig.Read(MtkV1Registers.InterruptId));
        Assert.True(rig.Silicon.InterruptAsserted);
        var faults = new FaultRecord[2];
        Assert.Equal(1, rig.Silicon.Faults.Take(faults));
        Assert.Equal((FaultReason.NotPresent, (ushort)1), (faults[0].Reason, faults[0].Code));

        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));
        Assert.Equal(0UL, rig.Read(MtkV1Registers.FaultStatus));
        Assert.Equal(0xffUL, rig.Read(MtkV1Registers.InterruptControl));
        Assert.False(rig.Silicon.InterruptAsserted);
    }

    [Fact]
    public void A_table_that_cannot_be_read_is_a_table_walk_fault()
    {
        using var rig = new MtkV1Rig().AttachAndMap();
        rig.Silicon.Registers.Write(MtkV1Registers.TableBase, 4, 0xffff_0000);
        rig.Dma(0x8000_0000);
        Assert.Equal((ulong)MtkV1Fault.TableWalk, rig.Read(MtkV1Registers.FaultStatus));
        var faults = new FaultRecord[1];
        Assert.Equal(1, rig.Silicon.Faults.Take(faults));
        Assert.Equal((FaultReason.TableReadAbort, (ushort)0x10), (faults[0].Reason, faults[0].Code));
    }

    [Fact]
    public void An_address_beyond_32_bits_is_a_translation_fault()
    {
        using var rig = new MtkV1Rig().AttachAndMap();
        rig.Dma(0x1_0000_0000 + MtkV1Rig.Iova);
        var faults = new FaultRecord[1];
        Assert.Equal(1, rig.Silicon.Faults.Take(faults));
        Assert.Equal(FaultReason.AddressSize, faults[0].Reason);
    }

    [Fact]
    public void A_second_fault_before_the_first_is_acknowledged_leaves_no_record()
    {
        using var rig = new MtkV1Rig().AttachAndMap();
        rig.Dma(0x2000_0000);
        rig.Dma(0x3000_0000);
        Assert.Equal(0x2000_0000UL, rig.Read(MtkV1Registers.FaultAddress));
        Assert.Equal(1, rig.Silicon.UnrecordedFaults);
    }

    [Fact]
    public void Faulting_accesses_are_refused_where_CTRL_does_not_redirect_them()
    {
        using var rig = new MtkV1Rig().AttachAndMap();
        rig.Silicon.Registers.Write(MtkV1Registers.Control, 4, 0x100);
        Assert.Null(rig.Dma(0x2000_0000));
    }

    [Fact]
    public void A_translation_stays_until_a_range_that_holds_it_or_everything_is_invalidated()
    {
        using var rig = new MtkV1Rig().AttachAndMap();
        Assert.Equal(MtkV1Rig.Page, rig.Dma());
        rig.Table.Unmap(MtkV1Rig.Iova, 0x1000, 1, new InvalidationGather());
        Assert.Equal(0, rig.Map(0x1000, 0x2000, 0x1000));
        Assert.Equal(MtkV1Rig.Page, rig.Dma());
        rig.Silicon.Registers.Write(MtkV1Registers.InvalidateSelect, 4, 0);
        rig.Silicon.Registers.Write(MtkV1Registers.Invalidate, 4, MtkV1Registers.InvalidateAll);
        Assert.Equal(MtkV1Rig.Page, rig.Dma());
        rig.Run(rig.Driver.HandleInterrupt());
        Assert.NotEqual(MtkV1Rig.Page, rig.Dma());
    }

    [Fact]
    public void An_invalidation_that_never_ends_is_followed_by_one_of_everything()
    {
        using var rig = new MtkV1Rig();
        rig.Run(rig.Driver.Attach(rig.Domain, MtkV1Rig.Device));
        var steps = new List<string>();
        foreach (var step in rig.Driver.Map(rig.Domain, 0x1000, 0x2000, 0x1000, Protection.Read))
        {
            rig.Bus.Perform(step);
            if (step.Address == MtkV1Registers.InvalidationDone && step.Kind == DriverStepKind.ReadRegister)
                step.Value = 0;
            steps.Add(rig.Bus.Describe(step));
        }

        Assert.Equal(["read  CPE_DONE -> 0x0", "write INV_SEL = 0x3", "write INVALIDATE = 0x2", "write CPE_DONE = 0x0"], steps[^4..]);
    }

    [Fact]
    public void A_word_in_use_makes_6_1_take_its_chunk_back_and_6_12_keep_what_is_done()
    {
        using var old = new MtkV1Rig().AttachAndMap();
        Assert.Equal(-(long)Errno.EEXIST, old.Map(MtkV1Rig.Iova - 0x1000, 0x2000, 0x2000));
        Assert.Null(old.Table.Lookup(MtkV1Rig.Iova - 0x1000));
        Assert.Equal(MtkV1Rig.Page, old.Dma());

        using var young = new MtkV1Rig(KernelVersion.Linux612).AttachAndMap();
        var result = young.Table.Map(MtkV1Rig.Iova - 0x1000, 0x2000, 0x1000, 2, Protection.Read, new InvalidationGather());
        Assert.Equal((Errno.EEXIST, 0x1000UL), (result.Errno, result.Mapped));

        // The driver's call around it unmaps that part again.
        Assert.Equal(-(long)Errno.EEXIST, young.Map(MtkV1Rig.Iova - 0x2000, 0x2000, 0x3000));
        Assert.Null(young.Table.Lookup(MtkV1Rig.Iova - 0x2000));
    }

    [Fact]
    public void A_6_12_map_that_fails_at_once_invalidates_a_range_that_ends_before_it_begins()
    {
        using var rig = new MtkV1Rig(KernelVersion.Linux612).AttachAndMap();
        var steps = rig.Driver.MapChunk(rig.Domain, MtkV1Rig.Iova, 0x2000, 0x1000, 1).Where(step => step.Kind == DriverStepKind.WriteRegister).Take(3).Select(rig.Bus.Describe).ToList();
        Assert.Equal(["write INV_SEL = 0x3", "write INVLD_START = 0x12345000", "write INVLD_END = 0x12344000"], steps);
    }

    [Fact]
    public void A_range_ends_at_the_page_of_its_last_byte()
    {
        using var rig = new MtkV1Rig().AttachAndMap();
        var writes = rig.Driver.UnmapChunk(rig.Domain, 0x7800, 0x1000, 1).Skip(1).Take(2).Select(rig.Bus.Describe).ToList();
        Assert.Equal(["write INVLD_START = 0x7000", "write INVLD_END = 0x8000"], writes);
    }

    [Fact]
    public void A_freed_domains_table_is_walked_on_and_no_other_domain_takes_its_place()
    {
        using var rig = new MtkV1Rig(tlb: IotlbGeometry.WithoutCaching).AttachAndMap();
        var table = rig.Table.Address;
        rig.Run(rig.Driver.FreeDomain(rig.Domain));
        Assert.Equal(table, rig.Read(MtkV1Registers.TableBase));
        Assert.Equal(table, rig.Frames.Allocate(MtkV1PageTable.Bytes));
        rig.Memory.Write32(table + (0x12345 * 4), 0x7654_300a);
        Assert.Equal(0x7654_3000UL, rig.Dma());
        Assert.Empty(rig.Driver.Attach(rig.Driver.AllocateDomain(DomainType.Unmanaged), MtkV1Rig.Device));
        Assert.Equal(0x7654_3000UL, rig.Dma());
    }

    [Fact]
    public void The_page_bits_of_a_word_that_is_not_valid_are_latched()
    {
        using var rig = new MtkV1Rig().AttachAndMap();
        rig.Memory.Write32(rig.Table.Address + (0x20000 * 4), 0x7654_3008);
        rig.Dma(0x2000_0000);
        Assert.Equal((1UL, 0x7654_3000UL), (rig.Read(MtkV1Registers.FaultStatus), rig.Read(MtkV1Registers.InvalidPhysical)));
    }

    [Fact]
    public void Page_zero_is_told_from_none_and_the_software_lookup_drops_the_offset()
    {
        using var rig = new MtkV1Rig().AttachAndMap();
        Assert.Equal(0, rig.Map(0x7000, 0, 0x1000));
        Assert.Equal(0UL, rig.Table.Lookup(0x7123));
        Assert.Equal(0x123UL, rig.Dma(0x7123));
        Assert.Null(rig.Table.Lookup(0x8000));
    }

    [Fact]
    public void A_device_keeps_to_one_larb_and_to_ports_that_exist()
    {
        using var rig = new MtkV1Rig();
        var across = new DmaDevice("across", [new StreamBinding(0, new StreamId(10)), new StreamBinding(0, new StreamId(11))]);
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.ProbeDevice(across)));
        Assert.Equal(0, rig.Run(rig.Driver.ProbeDevice(MtkV1Rig.Device)));
        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => rig.Driver.ProbeDevice(new DmaDevice("none", new StreamId(48)))).Errno);
    }

    [Fact]
    public void Domains_are_unmanaged_only_until_6_12_names_identity()
    {
        using var old = new MtkV1Rig();
        Assert.Throws<DriverException>(() => old.Driver.AllocateDomain(DomainType.Identity));
        using var young = new MtkV1Rig(KernelVersion.Linux612).AttachAndMap();
        Assert.Empty(young.Driver.Attach(young.Driver.AllocateDomain(DomainType.Identity), MtkV1Rig.Device));
        Assert.Equal(MtkV1Rig.Page, young.Dma());
        Assert.False(young.Driver.HasNativeBlocking);
        Assert.Throws<DriverException>(() => young.Driver.Block(MtkV1Rig.Device));
    }

    [Fact]
    public void Suspend_saves_and_resume_restores_with_table_and_protect_buffer()
    {
        using var rig = new MtkV1Rig().AttachAndMap();
        var protect = rig.Read(MtkV1Registers.ProtectAddress);
        rig.Run(rig.Driver.Suspend());
        foreach (var offset in (ulong[])[MtkV1Registers.TableBase, MtkV1Registers.Control, MtkV1Registers.InterruptControl, MtkV1Registers.ProtectAddress])
            rig.Silicon.Registers.Write(offset, 4, 0);
        rig.Run(rig.Driver.Resume());
        Assert.Equal(rig.Table.Address, rig.Read(MtkV1Registers.TableBase));
        Assert.Equal(0x140UL, rig.Read(MtkV1Registers.Control));
        Assert.Equal(0xffUL, rig.Read(MtkV1Registers.InterruptControl));
        Assert.Equal(protect, rig.Read(MtkV1Registers.ProtectAddress));
    }

    [Fact]
    public void Translate_allocates_nothing()
    {
        using var rig = new MtkV1Rig().AttachAndMap();
        var requests = Enumerable.Range(0, 256).Select(i => new DmaRequest(new StreamId(MtkV1Rig.Port), new Iova(MtkV1Rig.Iova + ((ulong)i << 9)), DmaAccess.Write)).ToArray();
        var completions = new DmaCompletion[256];
        rig.Silicon.Translate(requests, completions);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                rig.Silicon.Translate(requests, completions);
        }));
    }
}
