namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Half of a root table entry of 16 bytes, one entry a bus. Legacy mode uses the low half for all 256 functions; scalable mode the low half
/// for functions 0 to 127, the high half for 128 to 255.</summary>
/// <param name="Raw">0 P, 63:12 context table.</param>
public readonly record struct VtdRootEntry(ulong Raw)
{
    /// <summary>Reserved bits below the address.</summary>
    public const ulong Reserved = 0xffe;

    /// <summary>The context table is there.</summary>
    public bool IsPresent => (Raw & 1) != 0;

    /// <summary>The context table.</summary>
    public ulong ContextTable => Raw & ~0xfffUL;

    /// <summary>A present entry.</summary>
    public static VtdRootEntry Create(ulong contextTable) => new(contextTable | 1);
}
