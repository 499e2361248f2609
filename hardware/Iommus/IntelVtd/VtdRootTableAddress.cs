namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>The root table address register, offset 0x20. Latched by <see cref="IntelVtdRegisters.SetRootTable"/>.</summary>
/// <param name="Raw">63:12 address; 11:10 TTM: 0 legacy, 1 scalable.</param>
public readonly record struct VtdRootTableAddress(ulong Raw)
{
    /// <summary>TTM = 1: scalable mode.</summary>
    public const ulong ScalableMode = 1UL << 10;

    /// <summary>The root table.</summary>
    public ulong Address => Raw & ~0xfffUL;

    /// <summary>Translation table mode (TTM).</summary>
    public int Mode => (int)(Raw >> 10) & 3;
}
