namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>What a walk needs to know besides memory: the registers or context words of one table, decoded once.</summary>
public readonly struct ArmLpaeRegime
{
    /// <summary>Makes a regime.</summary>
    /// <param name="root">Address of the first table (TTB); bits below the table's alignment must be zero.</param>
    /// <param name="granuleShift">log2 of the smallest page: 12, 14 or 16.</param>
    /// <param name="startLevel">Level of the first table, 0 to 3.</param>
    /// <param name="inputBits">Bits of input address, 64 - T0SZ.</param>
    /// <param name="outputBits">Bits of output and table addresses that are allowed, up to 52.</param>
    /// <param name="options">The rest.</param>
    public ArmLpaeRegime(ulong root, int granuleShift, int startLevel, int inputBits, int outputBits, ArmLpaeWalkOptions options = ArmLpaeWalkOptions.None)
    {
        if (granuleShift is not (12 or 14 or 16))
            throw new ArgumentOutOfRangeException(nameof(granuleShift), $"a granule of 2^{granuleShift} bytes does not exist: 12, 14 or 16");
        if (startLevel is < 0 or > 3 || inputBits is < 1 or > 64)
            throw new ArgumentOutOfRangeException(nameof(startLevel), $"start level {startLevel} with {inputBits} input bits: levels are 0 to 3, bits 1 to 64");
        Root = root;
        GranuleShift = (byte)granuleShift;
        StartLevel = (byte)startLevel;
        InputBits = (byte)inputBits;
        OutputBits = (byte)outputBits;
        Options = options;
        // 4 KiB: blocks at levels 1 and 2; 16 KiB: at 2; 64 KiB: at 2, and at 1 with 52-bit addresses (Arm ARM, FEAT_LPA).
        FirstBlockLevel = (byte)(granuleShift == 12 || (granuleShift == 16 && outputBits > 48) ? 1 : 2);
    }

    /// <summary>Address of the first table.</summary>
    public readonly ulong Root;

    /// <summary>log2 of the smallest page.</summary>
    public readonly byte GranuleShift;

    /// <summary>Level of the first table.</summary>
    public readonly byte StartLevel;

    /// <summary>Bits of input address.</summary>
    public readonly byte InputBits;

    /// <summary>Bits of output and table addresses.</summary>
    public readonly byte OutputBits;

    /// <summary>The lowest level number at which a block is allowed.</summary>
    public readonly byte FirstBlockLevel;

    /// <summary>The rest.</summary>
    public readonly ArmLpaeWalkOptions Options;

    /// <summary>The level at which a stage-1 walk starts: as few levels as the input size needs.</summary>
    /// <param name="granuleShift">12, 14 or 16.</param>
    /// <param name="inputBits">Bits of input address.</param>
    public static int Stage1StartLevel(int granuleShift, int inputBits)
    {
        var bitsPerLevel = granuleShift - 3;
        return Math.Clamp(4 - ((inputBits - granuleShift + bitsPerLevel - 1) / bitsPerLevel), 0, 3);
    }

    /// <summary>The level at which a stage-2 walk starts, from VTCR.SL0.</summary>
    /// <param name="granuleShift">12, 14 or 16.</param>
    /// <param name="sl0">The field, 0 to 3.</param>
    /// <returns>The level, or -1 for a reserved encoding.</returns>
    /// <remarks>Source: Arm ARM, VTCR_EL2.SL0: with 4 KiB, 0, 1, 2 mean levels 2, 1, 0 and 3 is level 3 (FEAT_TTST); else 3 - SL0.</remarks>
    public static int Stage2StartLevel(int granuleShift, int sl0) => granuleShift == 12
        ? sl0 == 3 ? 3 : 2 - sl0
        : 3 - sl0;
}
