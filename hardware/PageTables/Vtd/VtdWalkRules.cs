namespace Emulator.Hardware.PageTables.Vtd;

/// <summary>What a VT-d unit accepts in paging entries, from its capability registers: the reserved bits, worked out once.</summary>
/// <remarks>Bits 63:52 of second-level entries are ignored.</remarks>
public readonly struct VtdWalkRules
{
    internal readonly ulong SecondTable;
    internal readonly ulong SecondTop;
    internal readonly ulong SecondPage;
    internal readonly ulong FirstTable;
    internal readonly int LargestPageLevel;

    /// <summary>Makes the rules.</summary>
    /// <param name="hostWidth">Bits of physical address, at most 52: higher address bits of an entry are reserved.</param>
    /// <param name="superpages">0 none, 1 2 MiB, 2 also 1 GiB: a large page beyond is a reserved bit.</param>
    /// <param name="snoopControl">Whether bit 11 of a second-level leaf may be set (ECAP.SC).</param>
    /// <param name="executeDisable">Whether bit 63 of a first-level entry may be set (NXE of the PASID entry).</param>
    public VtdWalkRules(int hostWidth = 52, int superpages = 2, bool snoopControl = true, bool executeDisable = true)
    {
        var beyond = ~((1UL << hostWidth) - 1) & VtdEntry.AddressMask;
        FirstTable = beyond | (executeDisable ? 0 : VtdEntry.ExecuteDisable);
        SecondTable = beyond;
        SecondTop = beyond | VtdEntry.LargePage;
        SecondPage = beyond | (snoopControl ? 0 : VtdEntry.Snoop);
        LargestPageLevel = superpages + 1;
    }
}
