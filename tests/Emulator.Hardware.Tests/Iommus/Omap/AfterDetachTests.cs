using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.Omap;

namespace Emulator.Hardware.Tests.Iommus.Omap;

/// <summary>Where DMA lands while a device leaves a domain, and afterwards.</summary>
public sealed class AfterDetachTests
{
    private static readonly OmapDriverOptions Held = new() { HeldActive = true };

    [Theory]
    [MemberData(nameof(OmapRig.Cases), MemberType = typeof(OmapRig))]
    public void Before_the_first_attach_every_DMA_is_untranslated(string variant, KernelVersion kernel)
    {
        using var rig = OmapRig.Of(variant, kernel);

        Assert.Equal(OmapRig.Page, rig.Dma());
        Assert.Empty(rig.Driver.Probe());
    }

    [Theory]
    [MemberData(nameof(OmapRig.Cases), MemberType = typeof(OmapRig))]
    public void A_detach_blocks_for_a_moment_and_then_passes_everything(string variant, KernelVersion kernel)
    {
        using var rig = OmapRig.Of(variant, kernel);
        var domain = rig.Attached();
        var landings = new List<(string Step, ulong? Landed)>();

        rig.Run(rig.Driver.Detach(domain, rig.Device), step => landings.Add((rig.Bus.Describe(step), rig.Dma())));

        var off = landings.FindIndex(landing => landing.Step.EndsWith(rig.Units.Length > 1 ? "mmu0.CNTL = 0x0" : "CNTL = 0x0", StringComparison.Ordinal));
        // A DSP's second MMU goes first, in six steps; what the first one translates meanwhile stays in its TLB until it is flushed.
        Assert.All(landings.Take(off).Skip(rig.Units.Length > 1 ? 7 : 0), landing => Assert.Null(landing.Landed));
        Assert.All(landings.Skip(off), landing => Assert.Equal(OmapRig.Page, landing.Landed));
        Assert.Equal((ushort)OmapFault.Translation, Taken(rig).Code);
        Assert.Equal(rig.Units.Length, rig.Frames.Freed - rig.Units.Length);
    }

    [Fact]
    public void A_cached_page_is_reached_until_the_global_flush_although_its_table_is_freed()
    {
        using var rig = OmapRig.Of("tlb32");
        var domain = rig.Attached();
        rig.Dma();
        var landings = new List<ulong?>();

        rig.Run(rig.Driver.Detach(domain, rig.Device), _ => landings.Add(rig.Dma()));

        // LOCK, GFLUSH, CNTL read, CNTL write.
        Assert.Equal([OmapRig.Frame, null, null, OmapRig.Page], landings);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Held_active_the_MMU_walks_the_freed_root_after_the_detach(KernelVersion kernel)
    {
        using var rig = new OmapRig(OmapHardware.Tlb32, kernel, Held);
        var domain = rig.Attached();

        rig.Run(rig.Driver.Detach(domain, rig.Device));
        Assert.Null(rig.Dma());
        Assert.Equal(6u, rig.Read(OmapRegisters.Control));

        // Somebody else gets the root's memory, and what they write there are first-level entries for the MMU.
        Assert.Equal(OmapRig.Root, rig.Frames.Allocate(0x4000));
        rig.Memory.Write32(OmapRig.Root + 0x1800, 0x3000_0002);
        Assert.Equal(0x3001_2000UL, rig.Dma());
    }

    [Fact]
    public void Held_active_the_next_attach_does_not_tell_the_MMU_its_table()
    {
        using var rig = new OmapRig(OmapHardware.Tlb32, driver: Held);
        rig.Run(rig.Driver.Detach(rig.Attached(), rig.Device));
        rig.Frames.Allocate(0x4000);
        var next = rig.Domain();

        Assert.Equal(0, rig.Run(rig.Driver.Attach(next, rig.Device)));
        rig.Map(next, OmapRig.Page, OmapRig.Frame, 0x1000);

        Assert.Equal(OmapRig.Root, rig.Read(OmapRegisters.TableBase));
        Assert.NotEqual(OmapRig.Root, next.Tables!.Roots[0]);
        Assert.Null(rig.Dma());
    }

    [Fact]
    public void A_fault_after_the_detach_crashes_the_handler()
    {
        using var rig = new OmapRig(OmapHardware.Tlb32, driver: Held);
        rig.Run(rig.Driver.Detach(rig.Attached(), rig.Device));

        rig.Dma();

        Assert.True(rig.Mmu.InterruptAsserted);
        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.HandleInterrupt()));
    }

    [Fact]
    public void A_fault_between_the_enable_of_an_attach_and_its_end_crashes_the_handler()
    {
        using var rig = OmapRig.Of("tlb32");
        var crashes = 0;

        rig.Run(rig.Driver.Attach(rig.Domain(), rig.Device), _ =>
        {
            if (rig.Dma() == null)
                crashes += Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.HandleInterrupt())).Message.Length > 0 ? 1 : 0;
        });

        // After CNTL, LOCK and GFLUSH.
        Assert.Equal(3, crashes);
    }

    [Fact]
    public void A_fault_that_nobody_handles_crashes_once_the_table_is_forgotten_but_the_MMU_is_on()
    {
        using var rig = OmapRig.Of("tlb32");
        var domain = rig.Attached();
        var crashed = false;

        rig.Run(rig.Driver.Detach(domain, rig.Device), step =>
        {
            if (step.Kind != DriverStepKind.ReadRegister)
                return;
            Assert.Null(rig.Dma());
            Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.HandleInterrupt()));
            crashed = true;
        });

        Assert.True(crashed);
    }

    [Fact]
    public void Without_power_management_the_MMU_is_never_switched_on()
    {
        using var rig = new OmapRig(OmapHardware.Tlb32, driver: new OmapDriverOptions { RuntimePm = false });

        var domain = rig.Attached();

        Assert.Equal(OmapRig.Page, rig.Dma());
        rig.Run(rig.Driver.Detach(domain, rig.Device));
        Assert.Equal(OmapRig.Page, rig.Dma());
    }

    [Fact]
    public void An_empty_domain_faults_but_only_after_a_detach_from_the_old_one()
    {
        using var rig = OmapRig.Of("tlb32");
        rig.Run(rig.Driver.Detach(rig.Attached(), rig.Device));

        rig.Run(rig.Driver.Attach(rig.Domain(), rig.Device));

        Assert.Null(rig.Dma());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Attached_over_another_domain_the_new_one_never_reaches_the_MMU(KernelVersion kernel)
    {
        using var rig = OmapRig.Of("tlb32", kernel);
        var first = rig.Attached();
        var second = rig.Domain();

        Assert.Equal(0, rig.Run(rig.Driver.Attach(second, rig.Device)));
        Assert.Equal(OmapRig.Frame, rig.Dma());

        // The first domain's end clears the second one's table, and frees the root that the MMU walks.
        rig.Map(second, 0x7000_0000, 0x1000_0000, 0x1000);
        rig.Run(rig.Driver.FreeDomain(first));
        Assert.Null(second.Tables!.Lookup(0x7000_0000));
        Assert.Equal(6u, rig.Read(OmapRegisters.Control));
        Assert.Equal(OmapRig.Root, rig.Frames.Allocate(0x4000));
        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.Detach(second, rig.Device)));
    }

    [Fact]
    public void In_6_12_the_identity_domain_is_the_old_detach()
    {
        using var rig = OmapRig.Of("dra7_dsp", KernelVersion.Linux612);
        var domain = rig.Attached();
        var identity = rig.Driver.AllocateDomain(DomainType.Identity);
        var steps = new List<string>();

        Assert.Equal(0, rig.Run(rig.Driver.Attach(identity, rig.Device), step => steps.Add(rig.Bus.Describe(step))));

        Assert.Equal(
            [
                "write mmu1.LOCK = 0x0", "write mmu1.GFLUSH = 0x1", "read  mmu1.CNTL -> 0x6", "write mmu1.CNTL = 0x0", "read  dsp_system.MMU_CONFIG -> 0x11", "write dsp_system.MMU_CONFIG = 0x1",
                "write mmu0.LOCK = 0x0", "write mmu0.GFLUSH = 0x1", "read  mmu0.CNTL -> 0x6", "write mmu0.CNTL = 0x0", "read  dsp_system.MMU_CONFIG -> 0x1", "write dsp_system.MMU_CONFIG = 0x0",
            ],
            steps);
        Assert.Null(domain.Device);
        Assert.Empty(rig.Driver.Attach(identity, rig.Device));
        Assert.Equal(OmapRig.Page, rig.Dma(unit: 1));
    }

    [Fact]
    public void A_DSPs_MMU_that_is_not_let_in_is_bypassed_whatever_its_CNTL_says()
    {
        using var rig = OmapRig.Of("dra7_dsp");
        rig.Attached();

        rig.System!.Registers.Write(OmapRegisters.DspMmuConfig, 4, 0x10);

        Assert.Equal((OmapRig.Page, OmapRig.Frame), (rig.Dma(unit: 0), rig.Dma(unit: 1)));
    }

    [Theory]
    [MemberData(nameof(OmapRig.Cases), MemberType = typeof(OmapRig))]
    public void A_suspended_device_is_untranslated_until_it_resumes(string variant, KernelVersion kernel)
    {
        using var rig = OmapRig.Of(variant, kernel);
        var domain = rig.Attached();
        Assert.Empty(rig.Driver.ResumeDevice(rig.Device));

        rig.Run(rig.Driver.SuspendDevice(rig.Device));
        Assert.Empty(rig.Driver.SuspendDevice(rig.Device));
        Assert.Equal(OmapRig.Page, rig.Dma());
        rig.Run(rig.Driver.ResumeDevice(rig.Device));
        Assert.Equal(OmapRig.Frame, rig.Dma());

        rig.Run(rig.Driver.SuspendDevice(rig.Device));
        rig.Run(rig.Driver.FreeDomain(domain));
        Assert.Empty(rig.Driver.ResumeDevice(rig.Device));
        Assert.Equal(OmapRig.Page, rig.Dma());
    }

    [Fact]
    public void The_room_builds_MMUs_for_each_device_and_says_how_many()
    {
        using var platform = IommuCatalog.Find("omap")!.Create(new PlatformOptions { Variant = "dra7_dsp", Devices = 3 });

        Assert.Equal((6, 3), (platform.Bus.Units.Count, platform.Bus.Blocks.Count));
        Assert.Equal([2, 3], platform.Device(1).Streams.Select(binding => binding.Unit));
        Assert.Contains("3", Assert.Throws<ArgumentOutOfRangeException>(() => platform.Device(3)).Message, StringComparison.Ordinal);
    }

    private static FaultRecord Taken(OmapRig rig)
    {
        var faults = new FaultRecord[1];
        Assert.Equal(1, rig.Mmu.Faults.Take(faults));
        return faults[0];
    }
}
