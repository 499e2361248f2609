namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>The flavours of Arm's long-descriptor tables: one layout of 64-bit words with different permission bits and limits.</summary>
/// <remarks>Source: Linux include/linux/io-pgtable.h, enum io_pgtable_fmt.</remarks>
public enum ArmLpaeFormat
{
    /// <summary>64-bit stage 1 (ARM_64_LPAE_S1).</summary>
    Arm64Stage1,

    /// <summary>64-bit stage 2 (ARM_64_LPAE_S2).</summary>
    Arm64Stage2,

    /// <summary>32-bit stage 1 (ARM_32_LPAE_S1): up to 32 bits in, 40 bits out, 4 KiB granule.</summary>
    Arm32Stage1,

    /// <summary>32-bit stage 2 (ARM_32_LPAE_S2): up to 40 bits in and out, 4 KiB granule.</summary>
    Arm32Stage2,

    /// <summary>Mali GPUs (ARM_MALI_LPAE): always four levels, stage-1 attributes with stage-2 permissions.</summary>
    Mali,
}
