using Emulator.Hardware.Core;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Core;

/// <summary>The core over real silicon: what its promise - during a switch DMA reaches the old domain, the new one, or nothing - comes to on each IOMMU.</summary>
public sealed class RoomTests
{
    private const KernelVersion Old = KernelVersion.Linux61;
    private const KernelVersion New = KernelVersion.Linux612;

    // 44. The last column is where the promise is not kept, and what the driver refuses. Identity: the driver leaves the former domain before it enters the
    // next, or no domain and an empty one
    // are bypass. A, B: all domains have one table, the IOTLB is not invalidated, or nothing was switched. "in A: nothing": the driver did not program A, or
    // the function is in its error state.
    [Theory]
    [InlineData("apple-dart", Old, "attach again: A")]
    [InlineData("apple-dart", New, "")]
    [InlineData("exynos", Old, "claim: identity; attach: identity; detach: identity; attach again: identity; release: identity")]
    [InlineData("exynos", New, "claim: identity; attach: identity; replace: identity; detach: identity; attach again: identity; release: identity")]
    [InlineData("ipmmu-vmsa", Old, "")]
    [InlineData("ipmmu-vmsa", New, "")]
    [InlineData("mtk_v1", Old, "claim: identity; attach: identity; attach again: A; in B: A; release: A")]
    [InlineData("mtk_v1", New, "attach: identity; in B: A; detach: A; attach again: A; in B: A; release: A")]
    [InlineData("mtk", Old, "claim: A; attach again: A; in B: A; release: A")]
    [InlineData("mtk", New, "claim: A; in B: A; detach: A; attach again: A; in B: A; release: A")]
    [InlineData("rockchip", Old, "claim: identity; attach: identity; detach: identity; attach again: identity; release: identity")]
    [InlineData("rockchip", New, "claim: identity; attach: identity; replace: identity; detach: identity; attach again: identity; release: identity")]
    [InlineData("sprd", Old, "detach: WARN; attach again: -EBUSY; release: WARN")]
    [InlineData("sprd", New, "claim: identity; attach: identity; replace: identity; detach: identity; attach again: identity; release: identity")]
    [InlineData("sun50i", Old, "")]
    [InlineData("sun50i", New, "")]
    [InlineData("amd", Old, "")]
    [InlineData("amd", New, "")]
    [InlineData("qcom_iommu", Old, "claim: identity; attach: identity; attach again: A; attach again: identity; in B: A; release: A")]
    [InlineData("qcom_iommu", New, "claim: identity; attach: identity; replace: identity; in B: A; detach: A; attach again: A; in B: A; release: A")]
    [InlineData("intel", Old, "")]
    [InlineData("intel", New, "")]
    [InlineData("fsl_pamu", Old, "claim: identity")]
    [InlineData("fsl_pamu", New, "claim: identity")]
    [InlineData("msm", Old, "claim: identity; attach: identity; detach: WARN; attach again: -EBUSY; release: identity")]
    [InlineData("msm", New, "attach: identity; replace: -EEXIST; replace: WARN; detach: WARN; attach again: -EEXIST; attach again: WARN; attach again: A; release: A")]
    [InlineData("omap", Old, "claim: identity; in A: nothing; detach: WARN; attach again: -EBUSY")]
    [InlineData("omap", New, "in A: nothing; in B: nothing; detach: WARN; attach again: -EINVAL; attach again: WARN")]
    [InlineData("s390", Old, "in A: nothing; in B: nothing")]
    [InlineData("s390", New, "")]
    [InlineData("tegra-gart", Old, "claim: A; attach: -EBUSY; attach: A; detach: B; attach again: -EBUSY; attach again: B; release: B")]
    [InlineData("tegra-smmu", Old, "claim: identity; release: identity")]
    [InlineData("tegra-smmu", New, "")]
    [InlineData("arm-smmu", Old, "")]
    [InlineData("arm-smmu", New, "")]
    [InlineData("arm-smmu-v3", Old, "")]
    [InlineData("arm-smmu-v3", New, "")]
    public void During_a_switch_dma_reaches_old_new_or_nothing(string name, KernelVersion kernel, string expected)
    {
        using var rig = Life(IommuCatalog.Find(name)!, kernel);

        Assert.Equal(expected, string.Join("; ", rig.Strayed));
    }

    [Fact]
    public void Every_room_was_asked()
    {
        var rows = typeof(RoomTests).GetMethod(nameof(During_a_switch_dma_reaches_old_new_or_nothing))!.GetCustomAttributes(inherit: false).OfType<InlineDataAttribute>();

        Assert.Equal(Kernels().Count(), rows.Count());
    }

    // 31
    [Fact]
    public void Identity_and_blocked_domains_map_nothing()
    {
        var asked = 0;
        foreach (var (room, kernel) in Kernels())
        {
            using var platform = room.Create(new PlatformOptions { Kernel = kernel });
            platform.Bus.Run(platform.Driver.Probe());
            foreach (var type in new[] { DomainType.Identity, DomainType.Blocked })
            {
                if (Allocate(platform.Driver, type) is not { } domain)
                    continue;
                asked++;
                Assert.Equal(-(long)Errno.EINVAL, platform.Bus.Run(platform.Driver.Map(domain, 0x4000_0000, 0x1000_0000, 0x10000, Protection.Read)));
                Assert.Equal(0, platform.Bus.Run(platform.Driver.Unmap(domain, 0x4000_0000, 0x10000)));
                Assert.Equal(type == DomainType.Identity ? 0x4000_0040UL : 0, DomainMapping.IovaToPhys(domain, 0x4000_0040));
            }
        }

        Assert.True(asked > 20, $"{asked} domains were asked");
    }

    // 32
    [Fact]
    public void A_misaligned_map_is_refused_and_a_failed_one_leaves_nothing()
    {
        foreach (var (room, kernel) in Kernels().Where(row => row.Room.Name is not ("fsl_pamu" or "tegra-gart")))
        {
            using var rig = Of(room, kernel);
            rig.Quietly(rig.Group.AttachGroup(rig.A));
            foreach (var (iova, physical, size) in new[] { (0x800UL, 0UL, 0x10000UL), (0UL, 0x800UL, 0x10000UL), (0UL, 0UL, 0x10800UL) })
                Assert.Equal(-(long)Errno.EINVAL, rig.MapA(iova, physical, size));
            Assert.Equal(0, rig.MapA(0x10000, 0, 0x10000));
            Assert.True(rig.MapA(0, 0x100000, 0x20000) < 0 == rig.FindA(0) is 0, $"{room.Name} {kernel}: 0x{rig.FindA(0):x} after a map over a mapped page");
        }
    }

    private static IEnumerable<(IommuRoom Room, KernelVersion Kernel)> Kernels() =>
        IommuCatalog.Rooms.SelectMany(room => Enum.GetValues<KernelVersion>().Where(kernel => room.Supports(room.Variants[0], kernel)).Select(kernel => (room, kernel)));

    private static IommuDomain? Allocate(IIommuDriver driver, DomainType type)
    {
        try
        {
            return driver.AllocateDomain(type);
        }
        catch (DriverException)
        {
            return null;
        }
    }

    // Kernels for 32-bit Arm have no DMA domains of the core's: 6.1 none at all, 6.12 identity.
    private static readonly string[] Arm32 = ["mtk_v1", "msm", "omap", "tegra-gart", "tegra-smmu"];

    private static RoomGroup Life(IommuRoom room, KernelVersion kernel)
    {
        var rig = Claimed(room, kernel);
        var group = rig.Group;
        rig.Map('A');
        rig.Map('B');
        if (kernel == New)
            rig.Switch("replace", group.ReplaceGroup(rig.B));
        rig.Map('B');
        rig.Switch("detach", group.DetachGroup(rig.B));
        rig.Switch("attach again", group.AttachGroup(rig.B));
        rig.Map('B');
        rig.Switch("release", group.ReleaseDmaOwner());
        return rig;
    }

    private static RoomGroup Of(IommuRoom room, KernelVersion kernel)
    {
        DomainType? usual = Arm32.Contains(room.Name) ? kernel == New ? DomainType.Identity : null : DomainType.Dma;
        return new RoomGroup(room, kernel, new IommuGroupOptions { DefaultDomainType = usual });
    }

    private static RoomGroup Claimed(IommuRoom room, KernelVersion kernel)
    {
        var rig = Of(room, kernel);
        rig.Map('A');
        rig.Switch("claim", rig.Group.ClaimDmaOwner(rig));
        rig.Switch("attach", rig.Group.AttachGroup(rig.A));
        rig.Wake();
        return rig;
    }
}
