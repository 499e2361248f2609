using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.Omap;

/// <summary>What DRA7's DSP_SYSTEM block has to do with the MMUs of a DSP: one register that lets each of them translate at all.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/omap-iommu.c, dra7_cfg_dspsys_mmu; DRA7 technical reference manual, DSP_SYS_MMU_CONFIG.</remarks>
public sealed class OmapDspSystem
{
    private readonly Register _config;

    /// <summary>Makes the block in its reset state: both MMUs are bypassed.</summary>
    public OmapDspSystem(string name)
    {
        Registers = new RegisterFile(name, OmapRegisters.WindowSize);
        _config = Registers.Add(OmapRegisters.DspMmuConfig, 4, "MMU_CONFIG", fields: "[0] MMU0 enable, [4] MMU1 enable");
    }

    /// <summary>The register window.</summary>
    public RegisterFile Registers { get; }

    /// <summary>Whether an MMU is let in.</summary>
    /// <param name="enable">Its bit, see <see cref="OmapRegisters.DspMmuEnable"/>.</param>
    public bool Enables(uint enable) => (_config.Value & enable) != 0;
}
