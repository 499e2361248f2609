using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.TegraSmmu;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.TegraSmmu;

/// <summary>Where a DMA goes before, during and after each change of what its swgroup is attached to.</summary>
public sealed class IsolationTests
{
    [Theory]
    [MemberData(nameof(SmmuRig.Cases), MemberType = typeof(SmmuRig))]
    public void After_bring_up_every_client_is_untranslated(string variant, KernelVersion kernel)
    {
        using var rig = SmmuRig.Of(variant, kernel);

        for (var client = 0u; client < 0x90; client++)
        {
            Assert.Equal(0x1234UL, rig.Dma(0x1234, client: client));
            Assert.Equal(0x1234UL, rig.Dma(0x1234, DmaAccess.Write, client));
        }
    }

    [Theory]
    [MemberData(nameof(SmmuRig.Cases), MemberType = typeof(SmmuRig))]
    public void An_attached_swgroup_lands_in_its_domain_with_all_its_clients_and_nobody_else_does(string variant, KernelVersion kernel)
    {
        using var rig = SmmuRig.Of(variant, kernel);
        rig.Attached();

        Assert.All(rig.Hardware.Swgroups.First(swgroup => swgroup.Name == "dc").Clients, client =>
            Assert.Equal(SmmuRig.PageA + 0x123, rig.Dma(SmmuRig.MappedIova + 0x123, DmaAccess.Write, (uint)client)));
        Assert.All((uint[])[0x02, SmmuRig.Audio, SmmuRig.Cpu, 4000], client => Assert.Equal(SmmuRig.MappedIova, rig.Dma(client: client)));
    }

    [Theory]
    [MemberData(nameof(SmmuRig.Cases), MemberType = typeof(SmmuRig))]
    public void The_first_write_of_a_detach_opens_all_of_memory_to_the_device(string variant, KernelVersion kernel)
    {
        using var rig = SmmuRig.Of(variant, kernel);
        var domain = rig.Attached();
        var seen = new List<(DriverStepKind, ulong?)>();

        Assert.Equal(0, rig.Run(rig.Driver.Detach(domain, SmmuRig.DisplayDevice), step => seen.Add((step.Kind, rig.Dma()))));

        Assert.Equal((DriverStepKind.ReadRegister, SmmuRig.PageA), seen[0]);
        Assert.All(seen.Skip(1), point => Assert.Equal(SmmuRig.MappedIova, point.Item2));
        Assert.Equal(PageOfOthers, rig.Dma(PageOfOthers, DmaAccess.Write));
        Assert.Equal(0u, rig.Read(TegraSmmuRegisters.Enable(0)));
        Assert.Equal(0, rig.Smmu.Faults.Total);
    }

    private const ulong PageOfOthers = 0x1000_0000;

    [Fact]
    public void A_detach_leaves_directory_and_caches_to_the_next_attach()
    {
        using var rig = SmmuRig.Of("tegra30");
        var a = rig.Attached();
        rig.Dma();

        rig.Run(rig.Driver.Detach(a, SmmuRig.DisplayDevice));

        Assert.Equal(1, rig.Smmu.Iotlb!.Count);
        Assert.Equal((uint)(a.Tables!.Directory >> 12) | TegraSmmuEntry.TableAttributes, rig.Read(TegraSmmuRegisters.PtbData));
        var b = rig.Allocate();
        var seen = new List<ulong?>();
        rig.Run(rig.Driver.Attach(b, SmmuRig.DisplayDevice), _ => seen.Add(rig.Dma()));
        Assert.Equal(a.Asid, b.Asid);
        Assert.DoesNotContain(SmmuRig.PageA, seen);
        Assert.Equal([SmmuRig.MappedIova, null], seen.Distinct());
    }

    [Theory]
    [MemberData(nameof(SmmuRig.Cases), MemberType = typeof(SmmuRig))]
    public void From_A_to_B_a_DMA_sees_A_or_B_and_never_anything_else(string variant, KernelVersion kernel)
    {
        using var rig = SmmuRig.Of(variant, kernel, new TegraSmmuOptions { Iotlb = IotlbGeometry.WithoutLimit });
        rig.Attached();
        var b = rig.Attached(SmmuRig.PageB, SmmuRig.AudioDevice);
        var seen = new List<ulong?> { rig.Dma() };

        rig.Run(rig.Driver.Attach(b, SmmuRig.DisplayDevice), _ => seen.Add(rig.Dma()));

        Assert.Equal([SmmuRig.PageA, SmmuRig.PageB], seen.Distinct());
    }

    [Theory]
    [MemberData(nameof(SmmuRig.Cases), MemberType = typeof(SmmuRig))]
    public void An_empty_domain_is_the_only_way_to_block(string variant, KernelVersion kernel)
    {
        using var rig = SmmuRig.Of(variant, kernel);
        rig.Attached();
        rig.Dma();

        Assert.Equal(0, rig.Run(rig.Driver.Attach(rig.Allocate(), SmmuRig.DisplayDevice)));

        Assert.Null(rig.Dma());
        Assert.Equal((FaultReason.NotPresent, (ushort)6), (rig.TakeFault() is var fault) ? (fault.Reason, fault.Code) : default);
        Assert.Null(rig.Dma(access: DmaAccess.Write));
        Assert.False(rig.Driver.HasNativeBlocking);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => rig.Driver.Block(SmmuRig.DisplayDevice)).Errno);
    }

    [Fact]
    public void A_device_of_a_swgroup_that_the_chip_does_not_know_stays_untranslated_though_its_attach_succeeds()
    {
        using var rig = SmmuRig.Of("tegra30");
        var cpu = SmmuRig.DeviceOf("cpu", SmmuRig.Cpu);

        var domain = rig.Attached(device: cpu);

        Assert.Equal(1, domain.UseCount);
        Assert.Equal(SmmuRig.MappedIova, rig.Dma(client: SmmuRig.Cpu));
        Assert.Empty(rig.Trace(rig.Driver.Detach(domain, cpu)));
        Assert.Equal(0, domain.UseCount);
    }

    [Fact]
    public void The_GPU_s_gates_cannot_be_opened()
    {
        using var rig = SmmuRig.Of("tegra124");
        rig.Attached(device: SmmuRig.DeviceOf("gpu", 0x58));

        Assert.Equal(0u, rig.Read(TegraSmmuRegisters.Enable(2)));
        Assert.Equal(SmmuRig.MappedIova, rig.Dma(client: 0x58));
    }

    [Fact]
    public void A_client_needs_the_unit_its_gate_and_its_swgroup_to_be_translated()
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Attached();
        rig.Dma();

        rig.Write(TegraSmmuRegisters.Config, 0);
        Assert.Equal(SmmuRig.MappedIova, rig.Dma());
        rig.Write(TegraSmmuRegisters.Config, 1);
        Assert.Equal(SmmuRig.PageA, rig.Dma());

        var gates = rig.Read(TegraSmmuRegisters.Enable(0));
        rig.Write(TegraSmmuRegisters.Enable(0), gates & ~2u);
        Assert.Equal(SmmuRig.MappedIova, rig.Dma());
        Assert.Equal(SmmuRig.PageA, rig.Dma(client: 0x03));
        rig.Write(TegraSmmuRegisters.Enable(0), gates);

        rig.Write(0x240, (uint)domain.Asid);
        Assert.Equal(SmmuRig.MappedIova, rig.Dma());
        Assert.Equal(SmmuRig.MappedIova, rig.Dma(client: 0x03));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void A_device_that_is_released_goes_on_in_its_domain(KernelVersion kernel)
    {
        using var rig = SmmuRig.Of("tegra124", kernel);
        var domain = rig.Attached();

        Assert.Empty(rig.Trace(rig.Driver.ReleaseDevice(SmmuRig.DisplayDevice)));
        Assert.Empty(rig.Trace(rig.Driver.FreeDomain(domain)));

        Assert.Equal(SmmuRig.PageA, rig.Dma());
    }

    [Fact]
    public void The_identity_domain_of_6_12_does_what_the_detach_did()
    {
        using var old = SmmuRig.Of("tegra124");
        using var recent = SmmuRig.Of("tegra124", KernelVersion.Linux612);
        var (a, b) = (old.Attached(), recent.Attached());
        var identity = recent.Driver.AllocateDomain(DomainType.Identity);

        Assert.Equal(old.Trace(old.Driver.Detach(a, SmmuRig.DisplayDevice)), recent.Trace(recent.Driver.Attach(identity, SmmuRig.DisplayDevice)));

        Assert.Equal(SmmuRig.MappedIova, recent.Dma());
        Assert.Equal(0, b.UseCount);
        Assert.Empty(recent.Trace(recent.Driver.Attach(identity, SmmuRig.DisplayDevice)));
        Assert.Empty(recent.Trace(recent.Driver.Attach(identity, SmmuRig.AudioDevice)));
    }
}
