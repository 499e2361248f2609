namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>The fields of TCR (stage 1) or VTCR (stage 2) that a page table settles on, as the architecture encodes them.</summary>
/// <param name="OutputSize">IPS or PS: 0 to 6 for 32, 36, 40, 42, 44, 48, 52 bits.</param>
/// <param name="Granule">TG: 0, 1, 2 for 4, 64, 16 KiB; for an upper-half table TG1: 2, 3, 1.</param>
/// <param name="Shareability">SH of the walk: 2 outer, 3 inner.</param>
/// <param name="OuterCacheability">ORGN of the walk: 0 none, 1 write-back write-allocate.</param>
/// <param name="InnerCacheability">IRGN of the walk, likewise.</param>
/// <param name="InputSize">TSZ: 64 minus the bits of input address.</param>
/// <param name="StartLevel">SL0, stage 2 only.</param>
public readonly record struct ArmLpaeControls(
    byte OutputSize, byte Granule, byte Shareability, byte OuterCacheability, byte InnerCacheability, byte InputSize, byte StartLevel = 0);
