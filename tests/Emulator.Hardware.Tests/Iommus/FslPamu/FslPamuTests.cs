using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.FslPamu;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.FslPamu;

public sealed class FslPamuTests
{
    private const string Zeros = "00000000 00000000 00000000 00000000";

    [Fact]
    public void The_words_of_an_entry_from_boot_to_detach()
    {
        using var rig = new FslPamuRig();
        Assert.Equal($"00000000 000008d9 00000080 00000000 {Zeros}", rig.Words());
        var domain = rig.Domain();
        var barriers = new List<string>();
        rig.Run(rig.Driver.Attach(domain, FslPamuRig.Device), step =>
        {
            if (step.Kind == DriverStepKind.Barrier)
                barriers.Add(rig.Words());
        });
        Assert.Equal($"00000000 000008d8 00000080 00000000 {Zeros}", barriers[0]);
        Assert.Equal($"00000000 000008c0 00000080 00000004 {Zeros}", barriers[1]);
        Assert.Equal($"00000000 000008d8 00000080 00000004 {Zeros}", barriers[2]);
        Assert.Equal($"00000000 000008d9 00000080 00000004 {Zeros}", rig.Words());
        rig.Run(rig.Driver.Detach(domain, FslPamuRig.Device));
        Assert.Equal($"00000000 000008d8 00000080 00000004 {Zeros}", rig.Words());
    }

    [Fact]
    public void The_bytes_of_an_entry_are_big_endian()
    {
        using var rig = new FslPamuRig();
        Assert.Equal(0xd908_0000u, rig.Memory.Read32(0x7f00_0144));
    }

    [Fact]
    public void Queue_and_buffer_manager_have_boot_entries_of_their_own()
    {
        using var rig = new FslPamuRig();
        Assert.Equal($"00000000 000008d9 00000080 00400002 {Zeros}", rig.Words(0x20));
        Assert.Equal("00000000 000008d9 00000000 00400002 00000000 00000000 00000000 00000002", rig.Words(0x21));
        Assert.Equal($"00000000 000008d9 00000000 00000000 {Zeros}", rig.Words(0x22));
    }

    [Theory]
    [InlineData(0, "00000006")]
    [InlineData(0x40, "00400006")]
    public void A_queue_managers_portal_keeps_its_operations_and_the_stash_of_boot(uint queueStash, string attributes)
    {
        using var rig = new FslPamuRig(queueStash: queueStash);
        rig.Attached(FslPamuRig.Portal);
        Assert.Equal($"00000000 000008d9 00000080 {attributes} {Zeros}", rig.Words(0x20));
    }

    [Fact]
    public void The_operation_mapping_table_is_filled_in()
    {
        using var rig = new FslPamuRig();
        byte[] Mappings(ulong entry) => [.. Enumerable.Range(0, 8).Select(i => (byte)(rig.Memory.Read64(FslPamuRig.Operations + (entry * 128)) >> (8 * i)))];
        Assert.Equal([0x80, 0x81, 0x96, 0x9d, 0x90, 0, 0, 0x92], Mappings(0));
        Assert.Equal([0x98, 0x81, 0, 0, 0, 0, 0, 0], Mappings(1));
        Assert.Equal([0x80, 0x81, 0x96, 0x9b, 0, 0, 0, 0], Mappings(2));
        Assert.Equal([0x98, 0x81, 0, 0, 0, 0, 0, 0], Mappings(3));
    }

    [Fact]
    public void The_probe_programs_bases_limits_interrupt_and_control_and_takes_the_bypass_off()
    {
        using var rig = new FslPamuRig();
        var bounds = Enumerable.Range(0, 12).Select(i => rig.Register(4 * (ulong)i));
        Assert.Equal([0, 0x7f00_0000u, 0, 0x7f01_4000u, 0, 0x7f02_0000u, 0, 0x7f04_0000u, 0, 0x7f04_0000u, 0, 0x7f04_0800u], bounds);
        Assert.Equal((4u, 0x4000_1011u), (rig.Register(FslPamuRegisters.InterruptControl), rig.Register(FslPamuRegisters.Control)));
        Assert.Equal(0x7800_0000u, rig.Utilities.BypassEnable);
    }

    [Fact]
    public void At_boot_DMA_passes_until_the_bypass_is_off_and_is_refused_until_its_entry_is_valid()
    {
        using var rig = new FslPamuRig(probed: false);
        Assert.Equal(FslPamuRig.Iova, rig.Dma());
        var passed = true;
        var changes = new List<string>();
        rig.Run(rig.Driver.Probe(), step =>
        {
            if ((rig.Dma() == FslPamuRig.Iova) == passed)
                return;
            passed = !passed;
            changes.Add(rig.Bus.Describe(step));
        });
        Assert.Equal(["write GUTS_PAMUBYPENR = 0x78000000", "store PAACE 0x5 +0x4 [0x7f000144] = 0xd9080000"], changes);
        Assert.Equal(FslPamuRig.Iova, rig.Dma(access: DmaAccess.Read));
        Assert.Null(rig.Dma(liodn: 4));
    }

    [Fact]
    public void A_PAMU_that_is_bypassed_or_off_checks_nothing()
    {
        using var rig = new FslPamuRig();
        Assert.Null(rig.Dma(FslPaace.Count));
        rig.Utilities.BypassEnable |= 0x8000_0000;
        Assert.Equal(FslPamuRig.Iova, rig.Dma(FslPaace.Count));
        rig.Utilities.BypassEnable = 0;
        rig.SetRegister(FslPamuRegisters.Control, 0x1011);
        Assert.Equal(1UL << 40, rig.Dma(FslPaace.Count, 1UL << 40));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void DMA_is_identity_while_attached_refused_during_the_attach_and_refused_after_the_detach(KernelVersion kernel)
    {
        using var rig = new FslPamuRig(kernel);
        var domain = rig.Domain();
        var landed = new List<ulong?>();
        rig.Run(rig.Driver.Attach(domain, FslPamuRig.Device), _ => landed.Add(rig.Dma()));
        Assert.All(landed.SkipLast(2), address => Assert.Null(address));
        Assert.Equal(FslPamuRig.Iova, rig.Dma());
        Assert.Equal(0xf_ffff_fffcUL, rig.Dma(iova: 0xf_ffff_fffc));
        var refused = new List<bool>();
        rig.Run(rig.Driver.Detach(domain, FslPamuRig.Device), _ => refused.Add(rig.Dma() == null));
        Assert.Equal([true, true], refused);
        rig.Attached();
        Assert.Equal(FslPamuRig.Iova, rig.Dma());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void After_the_detach_every_address_is_refused_in_silence(KernelVersion kernel)
    {
        using var rig = new FslPamuRig(kernel);
        rig.Run(rig.Driver.Detach(rig.Attached(), FslPamuRig.Device));
        foreach (var iova in (ulong[])[0, 0x4000_0000, FslPamuRig.Iova, 1UL << 36])
            Assert.Null(rig.Dma(iova: iova));
        Assert.Equal((4, 0), (rig.Units[0].UnrecordedFaults, rig.Units[0].Faults.Total));
        Assert.Equal((0u, 4u), (rig.Register(FslPamuRegisters.ViolationStatus), rig.Register(FslPamuRegisters.InterruptControl)));
        Assert.Empty(rig.Driver.Detach(rig.Domain(), FslPamuRig.Device));
        Assert.Equal(0x6000UL, rig.Dma(6, 0x6000));
    }

    [Fact]
    public void A_device_s_entries_are_disabled_in_the_reverse_order_of_their_attach()
    {
        using var rig = new FslPamuRig();
        var domain = rig.Domain();
        List<ulong> Stores(IEnumerable<DriverStep> sequence)
        {
            var addresses = new List<ulong>();
            rig.Run(sequence, step =>
            {
                if (step.Kind == DriverStepKind.WriteMemory)
                    addresses.Add(step.Address);
            });
            return addresses;
        }

        var attached = Stores(rig.Driver.Attach(domain, FslPamuRig.Several)).Select(address => address & ~0x3fUL).Distinct();
        Assert.Equal([rig.Entry(6), rig.Entry(7), rig.Entry(8)], attached);
        Assert.Equal([rig.Entry(8, 4), rig.Entry(7, 4), rig.Entry(6, 4)], Stores(rig.Driver.Detach(domain, FslPamuRig.Several)));
        Assert.All([6u, 7u, 8u], liodn => Assert.Null(rig.Dma(liodn)));
    }

    [Fact]
    public void A_second_domain_disables_all_of_the_device_before_it_enables_one_by_one()
    {
        using var rig = new FslPamuRig();
        var first = rig.Attached(FslPamuRig.Several);
        var second = rig.Domain();
        var passing = new List<int>();
        rig.Run(rig.Driver.Attach(second, FslPamuRig.Several), _ => passing.Add(new uint[] { 6, 7, 8 }.Count(liodn => rig.Dma(liodn) != null)));
        Assert.Equal([2, 1, 0, 1, 2, 3], passing.Where((count, i) => i == 0 || passing[i - 1] != count));
        Assert.Empty(rig.Driver.Detach(first, FslPamuRig.Several));
        Assert.Equal(FslPamuRig.Iova, rig.Dma(8));
        rig.Run(rig.Driver.Detach(second, FslPamuRig.Several));
        Assert.Null(rig.Dma(8));
    }

    [Fact]
    public void Devices_that_share_a_LIODN_lose_it_together()
    {
        using var rig = new FslPamuRig();
        rig.Attached();
        rig.Run(rig.Driver.Detach(rig.Attached(FslPamuRig.Twin), FslPamuRig.Twin));
        Assert.Null(rig.Dma());
    }

    [Fact]
    public void Freeing_a_domain_disables_what_is_in_it_and_boot_s_entry_never_returns()
    {
        using var rig = new FslPamuRig();
        var domain = rig.Attached(FslPamuRig.Several);
        Assert.Equal(0, rig.Run(rig.Driver.Attach(domain, FslPamuRig.Device)));
        rig.Run(rig.Driver.FreeDomain(domain));
        Assert.All([5u, 6u, 7u, 8u], liodn => Assert.Null(rig.Dma(liodn)));
        Assert.Empty(rig.Driver.FreeDomain(domain));
        rig.Run(rig.Driver.ReleaseDevice(FslPamuRig.Device));
        rig.Run(rig.Driver.ProbeDevice(FslPamuRig.Device));
        Assert.Null(rig.Dma());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, Errno.EINVAL)]
    [InlineData(KernelVersion.Linux612, Errno.ENODEV)]
    public void A_LIODN_beyond_the_table_ends_the_attach_and_those_before_it_stay(KernelVersion kernel, Errno error)
    {
        using var rig = new FslPamuRig(kernel);
        var domain = rig.Domain();
        Assert.Equal(-(long)error, rig.Run(rig.Driver.Attach(domain, FslPamuRig.Beyond)));
        Assert.Equal($"00000000 000008d9 00000080 00000004 {Zeros}", rig.Words(9));
        rig.Run(rig.Driver.Detach(domain, FslPamuRig.Beyond));
        Assert.Null(rig.Dma(9));
        var stranger = new DmaDevice("stranger", new StreamId(0x30));
        Assert.Equal(-(long)error, rig.Run(rig.Driver.Attach(domain, stranger)));
        Assert.Equal(-(long)Errno.ENODEV, rig.Run(rig.Driver.ProbeDevice(stranger)));
    }

    [Fact]
    public void A_stash_id_is_written_to_every_entry_of_the_domain_and_at_the_attach()
    {
        using var rig = new FslPamuRig();
        var domain = rig.Domain();
        Assert.Equal(0, rig.Run(rig.Driver.ConfigureStash(domain, 0)));
        rig.Run(rig.Driver.Attach(domain, FslPamuRig.Several));
        Assert.Equal($"00000000 000008d9 00000080 00210004 {Zeros}", rig.Words(7));
        Assert.Equal(0, rig.Run(rig.Driver.ConfigureStash(domain, 1)));
        Assert.All([6u, 7u, 8u], liodn => Assert.Equal($"00000000 000008d9 00000080 00220004 {Zeros}", rig.Words(liodn)));
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.ConfigureStash(domain, 2)));
        rig.Run(rig.Driver.Attach(domain, FslPamuRig.Device));
        Assert.Equal($"00000000 000008d9 00000080 00000004 {Zeros}", rig.Words());
        Assert.Equal($"00000000 000008d9 00000080 00220004 {Zeros}", rig.Words(7));
    }

    [Fact]
    public void Nothing_can_be_mapped_and_the_lookup_is_the_address_itself()
    {
        using var rig = new FslPamuRig();
        var domain = rig.Attached();
        Assert.Equal(-(long)Errno.ENODEV, rig.Run(rig.Driver.Map(domain, 0x1000, 0x2000, 0x1000, Protection.Read)));
        Assert.Equal(0, rig.Run(rig.Driver.Unmap(domain, 0x1000, 0x1000)));
        Assert.Equal(0x1000UL, rig.Dma(iova: 0x1000));
        Assert.Equal(0xf_ffff_ffffUL, FslPamuDriver.Lookup(domain, 0xf_ffff_ffff));
        Assert.Null(FslPamuDriver.Lookup(domain, 1UL << 36));
    }

    [Theory]
    [InlineData(DomainType.Identity)]
    [InlineData(DomainType.Blocked)]
    public void There_is_no_identity_and_no_blocking_domain(DomainType type)
    {
        using var rig = new FslPamuRig(KernelVersion.Linux612);
        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => rig.Driver.AllocateDomain(type)).Errno);
        Assert.False(rig.Driver.HasNativeBlocking);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => rig.Driver.Block(FslPamuRig.Device)).Errno);
    }

    [Fact]
    public void Translate_allocates_nothing()
    {
        using var rig = new FslPamuRig();
        rig.Attached();
        var requests = Enumerable.Range(0, 256).Select(i => new DmaRequest(new StreamId(i % 2 == 0 ? 5u : 4u), new Iova((ulong)i << 12), DmaAccess.Write)).ToArray();
        var completions = new DmaCompletion[256];
        rig.Units[0].Translate(requests, completions);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                rig.Units[0].Translate(requests, completions);
        }));
    }
}
