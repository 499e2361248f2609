namespace Emulator.Hardware.PageTables.Vtd;

/// <summary>How the first-level walker reaches its tables: in memory, or through a second-level translation. A struct, so that the walk is
/// specialised for it.</summary>
public interface IVtdTableReader
{
    /// <summary>Reads the entry at an address that is physical, or one of the second level.</summary>
    /// <param name="address">The address; receives the physical one.</param>
    /// <param name="entry">Receives the entry.</param>
    /// <returns>False when the second level refuses, or there is no memory.</returns>
    bool TryRead(ref ulong address, out ulong entry);

    /// <summary>Sets bits in an entry at a physical address, if it still is what was read.</summary>
    void Mark(ulong address, ulong entry, ulong bits);
}
