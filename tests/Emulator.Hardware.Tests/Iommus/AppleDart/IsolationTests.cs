using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.AppleDart;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.AppleDart;

/// <summary>Where a DMA goes before, during and after each change of what its stream is attached to.</summary>
public sealed class IsolationTests
{
    public static TheoryData<string, KernelVersion, bool> Transitions
    {
        get
        {
            var cases = new TheoryData<string, KernelVersion, bool>();
            foreach (var row in DartRig.Cases)
            {
                cases.Add((string)row[0], (KernelVersion)row[1], false);
                cases.Add((string)row[0], (KernelVersion)row[1], true);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(DartRig.Cases), MemberType = typeof(DartRig))]
    public void After_probe_every_stream_is_refused(string variant, KernelVersion kernel)
    {
        using var rig = DartRig.Of(variant, kernel);

        for (var stream = 0u; stream < 16; stream++)
        {
            Assert.Null(rig.Dma(stream: stream));
            Assert.Null(rig.Dma(access: DmaAccess.Write, stream: stream));
        }
    }

    [Theory]
    [MemberData(nameof(DartRig.Cases), MemberType = typeof(DartRig))]
    public void An_attached_stream_lands_in_its_domain_and_no_other_stream_does(string variant, KernelVersion kernel)
    {
        using var rig = DartRig.Of(variant, kernel);
        rig.Attached();

        Assert.Equal(DartRig.PageA + 0x123, rig.Dma(DartRig.MappedIova + 0x123));
        Assert.Equal(DartRig.PageA + 0x3ffc, rig.Dma(DartRig.MappedIova + 0x3ffc, DmaAccess.Write));
        Assert.Null(rig.Dma(stream: 6));
        Assert.Null(rig.Dma(stream: 4000));
    }

    [Theory]
    [MemberData(nameof(DartRig.Cases), MemberType = typeof(DartRig))]
    public void Detach_refuses_the_next_DMA_in_spite_of_a_stale_entry(string variant, KernelVersion kernel)
    {
        using var rig = DartRig.Of(variant, kernel);
        var domain = rig.Attached();
        Assert.Equal(DartRig.PageA, rig.Dma());

        Assert.Equal(0, rig.Run(rig.Driver.Detach(domain, DartRig.Device)));

        Assert.Equal(1, rig.Dart.Iotlb!.Count);
        Assert.Null(rig.Dma());
        Assert.Equal(FaultReason.StreamBlocked, rig.TakeFault().Reason);
        Assert.Null(rig.Dma(access: DmaAccess.Write));
        Assert.NotEqual(0u, rig.Read(rig.Hardware.Ttbr(5, 0)));
    }

    [Theory]
    [MemberData(nameof(DartRig.Cases), MemberType = typeof(DartRig))]
    public void Block_refuses_the_next_DMA(string variant, KernelVersion kernel)
    {
        using var rig = DartRig.Of(variant, kernel);
        rig.Attached();

        Assert.Equal(0, rig.Run(rig.Driver.Block(DartRig.Device)));

        Assert.Null(rig.Dma());
    }

    [Fact]
    public void A_blocked_stream_can_be_dropped_in_silence()
    {
        using var rig = DartRig.Of("t8103", KernelVersion.Linux61, new AppleDartOptions { RecordsBlockedStream = false });

        Assert.Null(rig.Dma());

        Assert.False(rig.Dart.InterruptAsserted);
        Assert.Equal(0, rig.Dart.Faults.Total);
        Assert.Equal(1, rig.Dart.UnrecordedFaults);
    }

    [Theory]
    [MemberData(nameof(Transitions))]
    public void From_A_to_B_a_DMA_sees_A_or_B_and_never_anything_else(string variant, KernelVersion kernel, bool cached)
    {
        using var rig = DartRig.Of(variant, kernel, new AppleDartOptions { Iotlb = cached ? IotlbGeometry.WithoutLimit : IotlbGeometry.WithoutCaching });
        rig.Attached();
        var b = rig.Domain(DartRig.PageB);
        var seen = new List<ulong?> { rig.Dma() };

        rig.Run(rig.Driver.Attach(b, DartRig.Device), _ => seen.Add(rig.Dma()));

        Assert.Equal([DartRig.PageA, DartRig.PageB], seen.Distinct());
        Assert.Equal(DartRig.PageB, rig.Dma());
    }

    [Theory]
    [MemberData(nameof(DartRig.Cases), MemberType = typeof(DartRig))]
    public void An_unmapped_page_translates_until_its_stream_is_invalidated(string variant, KernelVersion kernel)
    {
        using var rig = DartRig.Of(variant, kernel);
        var domain = rig.Attached();
        rig.Dma();
        var gather = new InvalidationGather();

        Assert.Equal(0x4000UL, domain.Tables!.Unmap(DartRig.MappedIova, 0x4000, 1, gather));

        Assert.Equal(DartRig.PageA, rig.Dma());
        Assert.Null(domain.Tables.Lookup(DartRig.MappedIova));
        rig.Run(rig.Driver.Sync(domain, gather));
        Assert.Null(rig.Dma());
    }

    [Fact]
    public void An_invalidation_of_one_stream_leaves_the_entries_of_the_others()
    {
        using var rig = DartRig.Of("t8103", KernelVersion.Linux61);
        var other = new DmaDevice("other", new StreamId(9));
        var a = rig.Attached();
        var b = rig.Domain(DartRig.PageB, device: other);
        rig.Run(rig.Driver.Attach(b, other));
        rig.Dma();
        rig.Dma(stream: 9);

        rig.Run(rig.Driver.FlushAll(a));

        Assert.Equal(1, rig.Dart.Iotlb!.Count);
        a.Tables!.Unmap(DartRig.MappedIova, 0x4000, 1, new InvalidationGather());
        b.Tables!.Unmap(DartRig.MappedIova, 0x4000, 1, new InvalidationGather());
        Assert.Null(rig.Dma());
        Assert.Equal(DartRig.PageB, rig.Dma(stream: 9));
    }

    [Theory]
    [InlineData("t8103", DartRig.MappedIova)]
    [InlineData("t6000", DartRig.MappedIova)]
    [InlineData("t8110", DartRig.MappedIova)]
    [InlineData("t8103-usb4", null)]
    public void Identity_passes_addresses_through_where_the_driver_has_a_bypass_value(string variant, ulong? landed)
    {
        using var rig = DartRig.Of(variant, KernelVersion.Linux612);

        Assert.Equal(0, rig.Run(rig.Driver.Attach(rig.Driver.AllocateDomain(DomainType.Identity), DartRig.Device)));

        Assert.Equal(landed, rig.Dma());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Without_bypass_support_identity_is_refused_by_driver_and_silicon(KernelVersion kernel)
    {
        using var rig = new DartRig(AppleDartHardware.T8103, kernel, new AppleDartOptions { BypassSupported = false });

        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Attach(rig.Driver.AllocateDomain(DomainType.Identity), DartRig.Device)));
        rig.Write(rig.Hardware.Control(5), rig.Hardware.ControlBypass);

        Assert.Null(rig.Dma());
        Assert.Equal(FaultReason.ConfigurationInvalid, rig.TakeFault().Reason);
        Assert.Equal(DomainType.Dma, rig.Driver.DefaultDomainType(DartRig.Device));
    }

    [Theory]
    [MemberData(nameof(DartRig.Cases), MemberType = typeof(DartRig))]
    public void A_locked_DART_keeps_its_configuration_and_refuses_the_driver(string variant, KernelVersion kernel)
    {
        using var rig = DartRig.Of(variant, kernel);
        var domain = rig.Attached();
        rig.Write(rig.Hardware.Lock, rig.Hardware.LockBit);

        rig.Run(rig.Driver.Detach(domain, DartRig.Device));
        rig.Write(rig.Hardware.Lock, 0);
        rig.Write(rig.Hardware.Ttbr(5, 0), 0);

        Assert.Equal(DartRig.PageA, rig.Dma());
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Probe()));
        Assert.Equal(-(long)Errno.ENODEV, rig.Run(rig.Driver.ProbeDevice(DartRig.Device)));
    }

    [Fact]
    public void A_released_device_keeps_translating_through_the_last_TTBR()
    {
        using var rig = DartRig.Of("t8103", KernelVersion.Linux612);
        rig.Attached();

        Assert.Equal(0, rig.Run(rig.Driver.ReleaseDevice(DartRig.Device)));

        Assert.Equal(DartRig.PageA, rig.Dma());
    }

    [Fact]
    public void A_disabled_stream_is_refused_until_it_is_enabled_again()
    {
        using var rig = DartRig.Of("t8110", KernelVersion.Linux612);
        rig.Attached();

        rig.Write(AppleDartRegisters.DisableStreams, 1 << 5);
        Assert.Null(rig.Dma());

        rig.Write(rig.Hardware.EnableStreams, 1 << 5);
        Assert.Equal(DartRig.PageA, rig.Dma());
    }

    [Fact]
    public void A_remapped_stream_uses_the_configuration_of_its_source()
    {
        using var t8103 = DartRig.Of("t8103", KernelVersion.Linux61);
        t8103.Attached();
        t8103.Write(AppleDartRegisters.StreamRemap + 4, 0x05060504);
        Assert.Equal(DartRig.PageA, t8103.Dma(stream: 7));

        using var t8110 = DartRig.Of("t8110", KernelVersion.Linux612);
        t8110.Attached();
        t8110.Write(t8110.Hardware.Control(7), (1 << 7) | (5 << 8));
        Assert.Equal(DartRig.PageA, t8110.Dma(stream: 7));
    }
}
