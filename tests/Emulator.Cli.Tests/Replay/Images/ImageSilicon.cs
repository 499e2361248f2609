using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.ArmSmmuV3;
using Emulator.Hardware.Iommus.IntelVtd;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Tests.Replay.Images;

/// <summary>The silicon over an image, told by its registers where the tables are, as the stopped machine's was.</summary>
public static class ImageSilicon
{
    /// <summary>Makes it, enabled.</summary>
    public static IIommu Start(PageTableImage image)
    {
        if (!image.IsArm)
        {
            var vtd = new IntelVtdIommu(image.Memory, new IntelVtdOptions(), IotlbGeometry.WithoutCaching);
            vtd.Registers.Write(0x20, 8, image.Root);
            vtd.Registers.Write(0x18, 4, 1u << 30);
            vtd.Registers.Write(0x18, 4, 1u << 31);
            return vtd;
        }

        // STRTAB_BASE, STRTAB_BASE_CFG (two levels, split 8, 16 bits of StreamID, as the recorded register write), CR0.SMMUEN.
        var smmu = new ArmSmmuV3Iommu("smmu", image.Memory, new ArmSmmuV3Options { Iotlb = IotlbGeometry.WithoutCaching });
        smmu.Registers.Write(0x80, 8, image.Root);
        smmu.Registers.Write(0x88, 4, 0x10210);
        smmu.Registers.Write(0x20, 4, 1);
        return smmu;
    }
}
