using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.IntelVtd;

namespace Emulator.Hardware.Tests.Iommus.IntelVtd;

public sealed class SiliconTests
{
    [Fact]
    public void Without_translation_addresses_pass_except_protected_memory()
    {
        using var machine = new VtdMachine(scalable: false);
        machine.Command(0);
        machine.Lands(VtdMachine.Iova);
        machine.Silicon.Registers.Write(IntelVtdRegisters.ProtectedLowBase, 4, 0x1220_0000);
        machine.Silicon.Registers.Write(IntelVtdRegisters.ProtectedLowLimit, 4, 0x1220_0000);
        machine.Silicon.Registers.Write(IntelVtdRegisters.ProtectedMemoryEnable, 4, IntelVtdRegisters.EnableProtectedMemory);

        Assert.Equal(DmaStatus.Aborted, machine.Dma(DmaAccess.Write).Status);
        machine.Lands(0x1240_0000, DmaAccess.Read, 0x1240_0000);
    }

    [Fact]
    public void The_root_table_counts_once_it_is_set()
    {
        using var machine = new VtdMachine(scalable: false);
        machine.Silicon.Registers.Write(IntelVtdRegisters.RootTableAddress, 8, 0x9000);
        machine.Lands(VtdMachine.Page);
        machine.SetRoot(0x9000);
        machine.Silicon.Registers.Write(0xf8, 8, 0x9000_0000_0000_0000);
        machine.Silicon.Registers.Write(IntelVtdRegisters.ContextCommand, 8, 0xa000_0000_0000_0000);
        machine.IsRefused(0x01);
    }

    [Fact]
    public void Writes_to_the_interrupt_range_are_not_translated_and_reads_are_refused()
    {
        using var machine = new VtdMachine(scalable: false);
        machine.Lands(0xfee0_1000, DmaAccess.Write, 0xfee0_1000);
        machine.IsRefused(0x0e, DmaAccess.Read, 0xfee0_1000);
    }

    [Fact]
    public void Permissions_are_the_and_of_all_second_levels()
    {
        using var machine = new VtdMachine(scalable: false);
        machine.Write(VtdMachine.SecondTop, (VtdMachine.SecondTop + 0x1000) | 1);
        machine.Lands(VtdMachine.Page, DmaAccess.Read);
        machine.IsRefused(0x05);
    }

    [Fact]
    public void A_first_level_write_sets_the_dirty_bit_even_after_a_cached_read()
    {
        using var machine = new VtdMachine(scalable: true);
        machine.SetPasid(VtdPasidTranslation.FirstLevel);
        machine.Write(VtdMachine.FirstLeaf, VtdMachine.Page | 7);
        machine.Lands(VtdMachine.Page, DmaAccess.Read);
        Assert.Equal(VtdMachine.Page | 0x27, machine.Memory.Read64(VtdMachine.FirstLeaf));
        machine.Lands(VtdMachine.Page);
        Assert.Equal(VtdMachine.Page | 0x67, machine.Memory.Read64(VtdMachine.FirstLeaf));
        machine.Lands(VtdMachine.Page);
        Assert.Equal(1, machine.Silicon.Iotlb.Hits - 1);
    }

    [Fact]
    public void Nested_translation_goes_through_both_levels()
    {
        using var machine = new VtdMachine(scalable: true);
        machine.SetPasid(VtdPasidTranslation.Nested);

        // Identity for the first 2 MiB, where the first-level tables are, and the guest page 0x23456000 at 0x31000000 in a page of 2 MiB.
        machine.Write(VtdMachine.SecondTop + 0x2000, 0x83);
        machine.Write(VtdMachine.SecondTop + 0x2000 + (0x11a * 8), 0x3100_0083);
        machine.Lands(0x3105_6000 & ~0xfffUL);
        machine.Lands(0x3105_6008, DmaAccess.Write, VtdMachine.Iova + 8);
    }

    [Fact]
    public void Pass_through_is_identity_in_both_modes()
    {
        using var legacy = new VtdMachine(scalable: false);
        legacy.SetContext(VtdTranslationType.PassThrough);
        legacy.Lands(VtdMachine.Iova);
        using var scalable = new VtdMachine(scalable: true);
        scalable.SetPasid(VtdPasidTranslation.PassThrough);
        scalable.Lands(VtdMachine.Iova);
    }

    [Fact]
    public void The_iotlb_is_invalidated_by_the_domain_of_the_fill()
    {
        using var machine = new VtdMachine(scalable: false);
        machine.StartQueue();
        machine.Lands(VtdMachine.Page);
        machine.Write(VtdMachine.SecondLeaf, 0);
        machine.Submit(VtdDescriptor.Iotlb(VtdGranularity.Domain, VtdMachine.Domain + 1, false, false));
        machine.Lands(VtdMachine.Page);
        machine.Submit(VtdDescriptor.Iotlb(VtdGranularity.Narrow, VtdMachine.Domain, false, false, VtdMachine.Iova + 0x1000));
        machine.Lands(VtdMachine.Page);
        machine.Submit(VtdDescriptor.Iotlb(VtdGranularity.Narrow, VtdMachine.Domain, false, false, VtdMachine.Iova));
        machine.IsRefused(0x05);
    }

    [Fact]
    public void With_an_iotlb_that_matches_domains_a_context_change_is_seen_at_once()
    {
        using var machine = new VtdMachine(scalable: false, options => options with { IotlbMatchesSource = false });
        machine.StartQueue();
        machine.Lands(VtdMachine.Page);
        machine.Write(VtdMachine.Context, 0);
        machine.Lands(VtdMachine.Page);
        machine.Submit(VtdDescriptor.Context(VtdGranularity.Narrow, VtdMachine.Domain, VtdMachine.Source));
        machine.IsRefused(0x02);
    }

    [Fact]
    public void Caching_mode_keeps_what_is_not_present_until_it_is_invalidated()
    {
        using var machine = new VtdMachine(scalable: false, options => options with { Capability = new(options.Capability.Raw | (1 << 7)) });
        machine.StartQueue();
        machine.Write(VtdMachine.Context, 0);
        machine.IsRefused(0x02);
        machine.SetContext(VtdTranslationType.SecondLevel);
        machine.IsRefused(0x02);
        machine.Submit(VtdDescriptor.Context(VtdGranularity.Narrow, 0, VtdMachine.Source));
        machine.Write(VtdMachine.SecondLeaf, 0);
        machine.IsRefused(0x05);
        machine.Write(VtdMachine.SecondLeaf, VtdMachine.Page | 3);
        machine.IsRefused(0x05);
        machine.Submit(VtdDescriptor.Iotlb(VtdGranularity.Narrow, VtdMachine.Domain, false, false, VtdMachine.Iova));
        machine.Lands(VtdMachine.Page);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_wait_writes_its_status_word(bool scalable)
    {
        using var machine = new VtdMachine(scalable);
        machine.StartQueue();
        machine.Submit(VtdDescriptor.Wait(2, VtdMachine.Status));
        Assert.Equal(2u, machine.Memory.Read32(VtdMachine.Status));
        Assert.Equal(machine.Register(IntelVtdRegisters.QueueTail, 8), machine.Register(IntelVtdRegisters.QueueHead, 8));
    }

    [Fact]
    public void A_bad_descriptor_stops_the_queue_until_the_error_is_cleared()
    {
        using var machine = new VtdMachine(scalable: false);
        machine.StartQueue();
        machine.Submit(new VtdDescriptor(15), VtdDescriptor.Wait(2, VtdMachine.Status));
        Assert.Equal(IntelVtdRegisters.QueueFault, machine.Register(IntelVtdRegisters.FaultStatus));
        Assert.Equal(0u, machine.Memory.Read32(VtdMachine.Status));
        machine.Write(VtdMachine.Queue, VtdDescriptor.Wait(2, VtdMachine.Status + 4).Word0);
        machine.Write(VtdMachine.Queue + 8, VtdMachine.Status + 4);
        machine.Silicon.Registers.Write(IntelVtdRegisters.FaultStatus, 4, IntelVtdRegisters.QueueFault);
        Assert.Equal(2u, machine.Memory.Read32(VtdMachine.Status));
    }

    [Fact]
    public void A_silent_device_aborts_the_wait_behind_its_invalidation()
    {
        using var machine = new VtdMachine(scalable: false, options => options with { SilentDeviceTlbs = new HashSet<ushort> { VtdMachine.Source } });
        machine.StartQueue();
        machine.Submit(VtdDescriptor.DeviceTlb(VtdMachine.Source, VtdMachine.Source, 1, 0, 52), VtdDescriptor.Wait(2, VtdMachine.Status));
        Assert.Equal(IntelVtdRegisters.TimeoutFault, machine.Register(IntelVtdRegisters.FaultStatus));
        machine.Silicon.Registers.Write(IntelVtdRegisters.FaultStatus, 4, IntelVtdRegisters.TimeoutFault);
        Assert.Equal(0u, machine.Memory.Read32(VtdMachine.Status));
        machine.Submit(VtdDescriptor.Wait(2, VtdMachine.Status));
        Assert.Equal(2u, machine.Memory.Read32(VtdMachine.Status));
    }

    [Fact]
    public void Translated_and_translation_requests_pass_where_the_context_allows_them()
    {
        using var machine = new VtdMachine(scalable: false);
        machine.SetContext(VtdTranslationType.DeviceTlb);
        Assert.Equal(VtdMachine.Page, machine.Dma(DmaAccess.Read, attributes: DmaAttributes.TranslationRequest).Address.Value);
        Assert.Equal(VtdMachine.Page, machine.Dma(DmaAccess.Read, VtdMachine.Page, DmaAttributes.Translated).Address.Value);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Translate_allocates_nothing(bool cached)
    {
        using var machine = new VtdMachine(scalable: true, iotlb: cached ? null : Emulator.Hardware.Translation.IotlbGeometry.WithoutCaching);
        var requests = new DmaRequest[64];
        Array.Fill(requests, new DmaRequest(new StreamId(VtdMachine.Source), new Iova(VtdMachine.Iova), DmaAccess.Write));
        requests[63] = requests[63] with { Iova = new Iova(0x5000) };
        var completions = new DmaCompletion[64];
        machine.Silicon.Translate(requests, completions);

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                machine.Silicon.Translate(requests, completions);
        }));
    }
}
