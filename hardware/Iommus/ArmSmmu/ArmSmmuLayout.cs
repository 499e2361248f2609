using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>Where the pages of an SMMU's registers are: page 0 and page 1 of the global half, then one page for each context bank in the upper half.</summary>
/// <param name="Id1">ID1: PAGESIZE 31 (64 KiB, else 4 KiB), NUMPAGENDXB 30:28, NUMS2CB 23:16, NUMCB 7:0.</param>
public readonly record struct ArmSmmuLayout(uint Id1)
{
    /// <summary>log2 of a page: 12 or 16.</summary>
    public int PageShift => (Id1 & 1u << 31) != 0 ? 16 : 12;

    /// <summary>Pages of one half: 2 to 256.</summary>
    public int Pages => 2 << ((ulong)Id1).Number(30, 28);

    /// <summary>Context banks.</summary>
    public int Banks => ((ulong)Id1).Number(7, 0);

    /// <summary>Context banks, from 0, that can do stage 2 only.</summary>
    public int Stage2Banks => ((ulong)Id1).Number(23, 16);

    /// <summary>Page 1 of the global half.</summary>
    public ulong Page1 => 1UL << PageShift;

    /// <summary>Bytes of all registers.</summary>
    public ulong WindowSize => (ulong)Pages << (PageShift + 1);

    /// <summary>The page of a context bank.</summary>
    public ulong Bank(int index) => (ulong)(Pages + index) << PageShift;
}
