using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Mtk;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.Mtk;

public sealed class MtkDetachTests
{
    // Chip, kernel; whether DMA is still translated right after the detach, and after the larb's next wake.
    public static TheoryData<string, KernelVersion, bool, bool> Chips()
    {
        var data = new TheoryData<string, KernelVersion, bool, bool>();
        foreach (var kernel in (KernelVersion[])[KernelVersion.Linux61, KernelVersion.Linux612])
        {
            data.Add("mt8195_infra", kernel, false, false);
            foreach (var chip in (string[])["mt8167", "mt8173", "mt6795"])
                data.Add(chip, kernel, true, false);
            foreach (var chip in (string[])["mt2712", "mt6779", "mt8183", "mt8186", "mt8192", "mt8195_vdo"])
                data.Add(chip, kernel, true, true);
        }

        data.Add("mt8188_vdo", KernelVersion.Linux612, true, false);
        data.Add("mt8188_infra", KernelVersion.Linux612, false, false);
        data.Add("mt8365", KernelVersion.Linux612, true, true);
        return data;
    }

    [Theory]
    [MemberData(nameof(Chips))]
    public void After_the_detach_DMA_goes_where_the_port_switch_says(string chip, KernelVersion kernel, bool translatedAfter, bool translatedAwake)
    {
        using var rig = new MtkRig(chip, kernel, IotlbGeometry.WithoutCaching).AttachAndMap();
        Assert.Equal(MtkRig.Page, rig.Dma());
        Assert.Equal(0, rig.Run(rig.Driver.Detach(rig.Domain, rig.Device)));
        ExpectTranslated(rig, translatedAfter);
        rig.Run(rig.Driver.SuspendDevice(rig.Device));
        rig.Run(rig.Driver.ResumeDevice(rig.Device));
        ExpectTranslated(rig, translatedAwake);
        Assert.All(rig.Driver.LarbMasks, mask => Assert.Equal(0u, mask));

        // What another master maps later is in reach.
        var other = rig.Driver.AllocateDomain(DomainType.Unmanaged);
        rig.Attach(MtkRig.DeviceOf(rig.Device.Stream.Value + 1), other);
        Assert.Equal(0, rig.Run(rig.Driver.Map(other, 0x4567_8000, 0x9000_0000, 0x1000, MtkRig.ReadWrite)));
        Assert.Equal(translatedAwake ? 0x9000_0000UL : 0x4567_8000, rig.Dma(0x4567_8000));
    }

    [Theory]
    [MemberData(nameof(Chips))]
    public void An_attach_waits_for_the_larb_to_wake_except_on_infrastructure(string chip, KernelVersion kernel, bool lazy, bool translatedAwake)
    {
        using var rig = new MtkRig(chip, kernel);
        _ = translatedAwake;
        Assert.Equal(MtkRig.Iova, rig.Dma());
        Assert.Equal(0, rig.Run(rig.Driver.Attach(rig.Domain, rig.Device)));
        Assert.Equal(lazy, rig.Dma() == MtkRig.Iova);
        rig.Run(rig.Driver.ResumeDevice(rig.Device));
        Assert.Equal(OwnerTag.ProtectBuffer, rig.Memory.OwnerOf(rig.Dma()!.Value));
        Assert.Equal(MtkRig.Iova, rig.Dma(port: rig.Device.Stream.Value + 1));
    }

    [Theory]
    [InlineData("mt8192", KernelVersion.Linux61)]
    [InlineData("mt8195_infra", KernelVersion.Linux612)]
    public void An_empty_domain_blocks_nothing_because_it_takes_over_the_table(string chip, KernelVersion kernel)
    {
        using var rig = new MtkRig(chip, kernel).AttachAndMap();
        var empty = rig.Driver.AllocateDomain(DomainType.Unmanaged);
        Assert.DoesNotContain(rig.Trace(rig.Driver.Attach(empty, rig.Device)), step => step.StartsWith("write", StringComparison.Ordinal));
        Assert.Same(rig.Domain.PageTable, empty.PageTable);
        Assert.Equal(MtkRig.Page, rig.Dma());
        Assert.Equal(0, rig.Run(rig.Driver.FreeDomain(rig.Domain)));
        Assert.Equal(MtkRig.Page, rig.Dma());
    }

    [Fact]
    public void The_identity_domain_of_6_12_is_the_same_edit_and_does_nothing_twice()
    {
        using var rig = new MtkRig("mt8195_infra", KernelVersion.Linux612).AttachAndMap();
        var identity = rig.Driver.AllocateDomain(DomainType.Identity);
        Assert.Equal(
            ["read  pericfg.PERICFG_IOMMU_1 -> 0x20000", "write pericfg.PERICFG_IOMMU_1 = 0x0"],
            rig.Trace(rig.Driver.Attach(identity, rig.Device)));
        Assert.Equal(MtkRig.Iova, rig.Dma());
        Assert.Empty(rig.Driver.Attach(identity, rig.Device));
        Assert.Empty(rig.Driver.Attach(identity, MtkRig.DeviceOf(18)));
        Assert.Null(identity.PageTable);
    }

    [Fact]
    public void Neither_kernel_has_a_blocking_domain_and_6_1_has_no_identity_domain()
    {
        using var old = new MtkRig("mt8173");
        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => old.Driver.AllocateDomain(DomainType.Identity)).Errno);
        using var young = new MtkRig("mt8173", KernelVersion.Linux612);
        Assert.False(young.Driver.HasNativeBlocking);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => young.Driver.Block(young.Device)).Errno);
    }

    [Fact]
    public void The_ports_of_a_PCI_controller_come_in_pairs()
    {
        using var rig = new MtkRig("mt8195_infra", options: new MtkDriverOptions { IsPci = _ => true }).AttachAndMap();
        Assert.Equal(0x60000UL, rig.Ports.Peripheral.Read(MtkRegisters.PeripheralPorts, 4));
        Assert.Equal(MtkRig.Page, rig.Dma(port: 18));
        rig.Run(rig.Driver.Detach(rig.Domain, rig.Device));
        Assert.Equal(MtkRig.Iova, rig.Dma(port: 18));
        Assert.Equal(0UL, rig.Ports.Peripheral.Read(MtkRegisters.PeripheralPorts, 4));
    }

    [Fact]
    public void Of_several_ports_6_1_switches_one_after_the_other_and_6_12_all_at_once_and_not_for_PCI()
    {
        var device = MtkRig.DeviceOf(16, 18);
        using var old = new MtkRig("mt8195_infra");
        Assert.Equal(
            ["read  pericfg.PERICFG_IOMMU_1 -> 0x0", "write pericfg.PERICFG_IOMMU_1 = 0x10000", "read  pericfg.PERICFG_IOMMU_1 -> 0x10000", "write pericfg.PERICFG_IOMMU_1 = 0x50000"],
            old.Trace(old.Driver.Attach(old.Domain, device))[^4..]);
        using var young = new MtkRig("mt8195_infra", KernelVersion.Linux612);
        Assert.Equal("write pericfg.PERICFG_IOMMU_1 = 0x50000", young.Trace(young.Driver.Attach(young.Domain, device))[^1]);
        using var pci = new MtkRig("mt8195_infra", KernelVersion.Linux612, options: new MtkDriverOptions { IsPci = _ => true });
        Assert.Equal(-(long)Errno.ENODEV, pci.Run(pci.Driver.Attach(pci.Domain, device)));
        Assert.Equal(MtkRig.Iova, pci.Dma(port: 16));
    }

    [Theory]
    [InlineData("mt2712", 9u)]
    [InlineData("mt6779", 4u)]
    [InlineData("mt6779", 13u)]
    [InlineData("mt8183", 2u)]
    [InlineData("mt8183", 7u)]
    public void Larbs_beside_the_switch_are_left_alone(string chip, uint larb)
    {
        using var rig = new MtkRig(chip);
        var device = MtkRig.DeviceOf((larb * 32) + 1);
        rig.Run(rig.Driver.Attach(rig.Domain, device));
        Assert.DoesNotContain(rig.Trace(rig.Driver.ResumeDevice(device)), step => step.Contains("larb", StringComparison.Ordinal));
        Assert.Equal(MtkRig.Iova, rig.Dma(port: (larb * 32) + 1));
    }

    [Fact]
    public void A_region_is_added_to_what_the_port_holds_and_never_cleared()
    {
        var region = 1u;
        using var rig = new MtkRig("mt8192", options: new MtkDriverOptions { RegionOf = _ => region }).Attach();
        Assert.Equal(0x5501UL, rig.Ports.LarbBlocks[0].Read(MtkRegisters.LarbPort + 20, 4));
        rig.Run(rig.Driver.Detach(rig.Domain, rig.Device));
        rig.Run(rig.Driver.SuspendDevice(rig.Device));
        region = 2;
        rig.Attach(domain: rig.Driver.AllocateDomain(DomainType.Unmanaged));
        Assert.Equal(0xff01UL, rig.Ports.LarbBlocks[0].Read(MtkRegisters.LarbPort + 20, 4));
        Assert.Equal(3UL, rig.Ports.RegionOf(5));
    }

    [Fact]
    public void Firmware_is_given_the_whole_mask_and_the_larb_holds_the_region()
    {
        using var rig = new MtkRig("mt8188_vdo", KernelVersion.Linux612);
        var device = MtkRig.DeviceOf((21 * 32) + 3, (21 * 32) + 4);
        rig.Run(rig.Driver.Attach(rig.Domain, device));
        Assert.Equal(
            [
                "write larb21.FIRMWARE_MMU_EN = 0x18", "read  larb21.SMI_LARB_NONSEC_CON[3] -> 0x0", "write larb21.SMI_LARB_NONSEC_CON[3] = 0x5501",
                "read  larb21.SMI_LARB_NONSEC_CON[4] -> 0x0", "write larb21.SMI_LARB_NONSEC_CON[4] = 0x5501",
            ],
            rig.Trace(rig.Driver.ResumeDevice(device)).Where(step => step.Contains("larb", StringComparison.Ordinal)));
        Assert.Equal(0, rig.Map(0x1_4000_0000, MtkRig.Page, 0x1000));
        Assert.Equal(MtkRig.Page, rig.Dma(0x4000_0000, port: (21 * 32) + 4));
        rig.Run(rig.Driver.Detach(rig.Domain, device));
        rig.Run(rig.Driver.SuspendDevice(device));
        Assert.Contains("write larb21.FIRMWARE_MMU_EN = 0x0", rig.Trace(rig.Driver.ResumeDevice(device)));
        Assert.Equal(0x4000_0000UL, rig.Dma(0x4000_0000, port: (21 * 32) + 4));
    }

    private static void ExpectTranslated(MtkRig rig, bool translated)
    {
        Assert.Equal(translated ? MtkRig.Page : MtkRig.Iova, rig.Dma(access: DmaAccess.Write));
        Assert.Equal(translated ? rig.ProtectBuffer : 0x5555_5500, rig.Dma(0x5555_5500));
    }
}
