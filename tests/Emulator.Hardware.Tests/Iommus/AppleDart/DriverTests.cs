using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.AppleDart;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.AppleDart;

public sealed class DriverTests
{
    private static readonly DmaDevice OnTwoDarts = new("two", [new StreamBinding(0, new StreamId(5)), new StreamBinding(1, new StreamId(2))]);

    [Fact]
    public void A_device_behind_two_DARTs_is_programmed_and_blocked_on_both()
    {
        using var rig = new DartRig(AppleDartHardware.T8103, KernelVersion.Linux61, units: 2);
        var domain = rig.Domain(DartRig.PageA, device: OnTwoDarts);
        Assert.Equal(0, rig.Run(rig.Driver.Attach(domain, OnTwoDarts)));
        Assert.Equal(DartRig.PageA, rig.Dma());
        Assert.Equal(DartRig.PageA, rig.Dma(stream: 2, unit: 1));

        rig.Run(rig.Driver.Detach(domain, OnTwoDarts));

        Assert.Null(rig.Dma());
        Assert.Null(rig.Dma(stream: 2, unit: 1));
    }

    [Theory]
    [InlineData("t8103", KernelVersion.Linux61)]
    [InlineData("t8103", KernelVersion.Linux612)]
    [InlineData("t8110", KernelVersion.Linux612)]
    public void A_DART_whose_first_invalidation_never_ends_is_not_probed(string variant, KernelVersion kernel)
    {
        using var rig = DartRig.Of(variant, kernel);
        var hardware = rig.Hardware;
        var (command, busy) = hardware.Layout == AppleDartLayout.T8110
            ? (AppleDartRegisters.TlbCommand, AppleDartRegisters.TlbCommandBusy)
            : (AppleDartRegisters.StreamCommand, AppleDartRegisters.StreamCommandBusy);
        var result = 0L;
        foreach (var step in rig.Driver.Probe())
        {
            if (step.Kind == DriverStepKind.Return)
                result = step.Result;
            else
                rig.Bus.Perform(step);
            if (step.Kind == DriverStepKind.ReadRegister && step.Address == command)
                step.Value |= busy;
        }

        Assert.Equal(-(long)Errno.ETIMEDOUT, result);
        Assert.Equal(-(long)Errno.ENODEV, rig.Run(rig.Driver.ProbeDevice(DartRig.Device)));
    }

    [Fact]
    public void A_domain_is_tied_to_the_DARTs_of_its_first_device()
    {
        using var rig = new DartRig(AppleDartHardware.T8103, KernelVersion.Linux612, units: 2);
        var domain = rig.Domain(DartRig.PageA, device: OnTwoDarts);

        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Attach(domain, DartRig.Device)));
        Assert.Null(rig.Dma());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, 0u)]
    [InlineData(KernelVersion.Linux612, 1u << 5)]
    public void Only_6_12_keeps_flushing_a_stream_that_left_the_domain(KernelVersion kernel, uint selected)
    {
        using var rig = new DartRig(AppleDartHardware.T8103, kernel);
        var domain = rig.Attached();
        rig.Run(rig.Driver.Detach(domain, DartRig.Device));

        rig.Run(rig.Driver.FlushAll(domain));

        Assert.Equal(selected, rig.Read(AppleDartRegisters.StreamSelect));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, -(long)Errno.EINVAL)]
    [InlineData(KernelVersion.Linux612, 0L)]
    public void Pages_larger_than_the_CPU_s_leave_identity_only(KernelVersion kernel, long blocked)
    {
        using var rig = new DartRig(AppleDartHardware.T8103, kernel, cpuPage: 1 << 12);

        Assert.Equal(DomainType.Identity, rig.Driver.DefaultDomainType(DartRig.Device));
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Attach(rig.Driver.AllocateDomain(DomainType.Dma), DartRig.Device)));
        Assert.Equal(blocked, rig.Run(rig.Driver.Block(DartRig.Device)));
        Assert.Equal(0, rig.Run(rig.Driver.Attach(rig.Driver.AllocateDomain(DomainType.Identity), DartRig.Device)));
        Assert.Equal(DartRig.MappedIova, rig.Dma());
    }

    [Fact]
    public void Only_6_12_has_domains_with_a_flush_queue()
    {
        using var old = new DartRig(AppleDartHardware.T8103, KernelVersion.Linux61);
        using var recent = new DartRig(AppleDartHardware.T8103, KernelVersion.Linux612);

        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => old.Driver.AllocateDomain(DomainType.DmaFlushQueue)).Errno);
        Assert.True(recent.Driver.AllocateDomain(DomainType.DmaFlushQueue).IsPaging);
    }

    [Theory]
    [InlineData("t8110")]
    [InlineData("t8103-usb4")]
    public void Linux_6_1_does_not_know_the_later_DARTs(string variant)
    {
        Assert.False(AppleDartRoom.Room.Supports(variant, KernelVersion.Linux61));
        Assert.Throws<ArgumentException>(() => AppleDartRoom.Room.Create(new PlatformOptions { Variant = variant }));
    }

    [Theory]
    [MemberData(nameof(DartRig.Cases), MemberType = typeof(DartRig))]
    public void Sleep_brings_every_stream_back_as_it_was(string variant, KernelVersion kernel)
    {
        using var rig = DartRig.Of(variant, kernel);
        rig.Attached();
        rig.Run(rig.Driver.Suspend(0));
        rig.Write(rig.Hardware.Control(5), 0);
        rig.Write(rig.Hardware.Ttbr(5, 0), 0);
        Assert.Null(rig.Dma());

        Assert.Equal(0, rig.Run(rig.Driver.Resume(0)));

        Assert.Equal(DartRig.PageA, rig.Dma());
        Assert.Null(rig.Dma(stream: 6));
    }

    [Fact]
    public void On_usb4_the_second_word_of_stream_enables_is_TCR_0()
    {
        using var rig = DartRig.Of("t8103-usb4", KernelVersion.Linux612);

        Assert.Equal(uint.MaxValue, rig.Read(rig.Hardware.Control(0)));
        Assert.Null(rig.Dma(stream: 0));
        Assert.Equal(FaultReason.ConfigurationInvalid, rig.TakeFault().Reason);
    }

    [Fact]
    public void Devices_that_share_a_stream_share_a_group()
    {
        using var rig = new DartRig(AppleDartHardware.T8103, KernelVersion.Linux61, units: 2);
        var sharing = new DmaDevice("sharing", new StreamId(5));
        var third = new DmaDevice("third", new StreamId(7));
        var bridge = new DmaDevice("bridge", [new StreamBinding(0, new StreamId(5)), new StreamBinding(0, new StreamId(7))]);

        Assert.Equal(rig.Driver.GroupOf(DartRig.Device), rig.Driver.GroupOf(sharing));
        Assert.NotEqual(rig.Driver.GroupOf(DartRig.Device), rig.Driver.GroupOf(third));
        Assert.Throws<DriverException>(() => rig.Driver.GroupOf(bridge));
    }

    [Fact]
    public void A_stream_that_the_DART_does_not_have_is_refused_with_the_limit()
    {
        using var rig = new DartRig(AppleDartHardware.T8103, KernelVersion.Linux61);

        var error = Assert.Throws<DriverException>(() => rig.Driver.ProbeDevice(new DmaDevice("far", new StreamId(17))));

        Assert.Contains("stream 17", error.Message, StringComparison.Ordinal);
        Assert.Contains("16 streams", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Four_KiB_pages_use_one_TTBR_for_each_GiB()
    {
        using var rig = new DartRig(AppleDartHardware.T8103, KernelVersion.Linux61, new AppleDartOptions { PageShift = 12 });
        var domain = rig.Attached();
        Assert.Equal(0, rig.Run(DomainMapping.Map(rig.Driver, domain, 0xc0201000, DartRig.PageB, 0x1000, Protection.Read)));

        Assert.Equal(4, domain.Tables!.Tables.Count);
        Assert.All(Enumerable.Range(0, 4), i => Assert.Equal(rig.Hardware.EncodeTtbr(domain.Tables.Tables[i]), rig.Read(rig.Hardware.Ttbr(5, i))));
        Assert.Equal(DartRig.PageB + 0x10, rig.Dma(0xc0201010));
        Assert.Equal(DartRig.PageA, rig.Dma());
    }

    [Theory]
    [MemberData(nameof(DartRig.Cases), MemberType = typeof(DartRig))]
    public void Nothing_strays_from_the_declared_registers(string variant, KernelVersion kernel)
    {
        using var rig = DartRig.Of(variant, kernel);
        var domain = rig.Attached();
        rig.Run(rig.Driver.FlushAll(domain));
        rig.Run(rig.Driver.HandleInterrupt());
        rig.Run(rig.Driver.Detach(domain, DartRig.Device));
        rig.Run(rig.Driver.FreeDomain(domain));

        Assert.Equal(0, rig.Dart.Registers.UndeclaredAccesses);
    }
}
