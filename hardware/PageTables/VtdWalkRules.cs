namespace Emulator.Hardware.PageTables;

/// <summary>What a VT-d unit accepts in paging entries, from its capability registers.</summary>
public readonly struct VtdWalkRules
{
    // Reserved bits of second-level entries that are tables, 2 MiB pages, and so on, worked out once.
    internal readonly ulong SecondTable;
    internal readonly ulong SecondTop;
    internal readonly ulong SecondPage;
    internal readonly ulong FirstTable;
    internal readonly int LargestPageLevel;

    /// <summary>Makes the rules.</summary>
    /// <param name="hostWidth">Bits of physical address, at most 52: higher address bits of an entry are reserved.</param>
    /// <param name="superpages">0 none, 1 2 MiB, 2 also 1 GiB: a large page beyond is a reserved bit.</param>
    /// <param name="snoopControl">Whether bit 11 of a second-level leaf may be set (ECAP.SC).</param>
    /// <param name="ignoredHighBits">Bits above the address that second-level entries ignore; the rest are reserved. The default is 63:52.</param>
    /// <param name="snoopInTables">Whether bit 11 of a second-level entry that points to a table is ignored.</param>
    public VtdWalkRules(int hostWidth = 52, int superpages = 2, bool snoopControl = true, ulong ignoredHighBits = 0xfff0_0000_0000_0000, bool snoopInTables = true)
    {
        var beyond = ~((1UL << hostWidth) - 1);
        FirstTable = beyond & VtdEntry.AddressMask;
        SecondTable = (beyond & ~ignoredHighBits) | (snoopInTables ? 0 : VtdEntry.Snoop);
        SecondTop = SecondTable | VtdEntry.LargePage;
        SecondPage = (beyond & ~ignoredHighBits) | (snoopControl ? 0 : VtdEntry.Snoop);
        LargestPageLevel = superpages + 1;
    }
}
