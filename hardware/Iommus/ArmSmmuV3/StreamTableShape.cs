using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>STRTAB_BASE_CFG, <see cref="ArmSmmuV3Registers.StrtabBaseCfg"/>.</summary>
/// <param name="Raw">The register.</param>
public readonly record struct StreamTableShape(ulong Raw)
{
    /// <summary>FMT 17:16 is 1: two levels.</summary>
    public bool TwoLevel { get => Raw.Bits(17, 16) == 1; init => Raw = Raw.With(17, 16, value ? 1UL : 0UL); }

    /// <summary>SPLIT 10:6: StreamID bits that the second level resolves; 6, 8 or 10.</summary>
    public int Split { get => Raw.Number(10, 6); init => Raw = Raw.With(10, 6, (ulong)value); }

    /// <summary>LOG2SIZE 5:0: StreamID bits that the table resolves.</summary>
    public int Log2Size { get => Raw.Number(5, 0); init => Raw = Raw.With(5, 0, (ulong)value); }
}
