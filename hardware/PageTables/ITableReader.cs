namespace Emulator.Hardware.PageTables;

/// <summary>How a walker reads table words: straight from memory, or through another stage of translation. Implemented by structs, so that the
/// walker is compiled for each and pays for no call.</summary>
public interface ITableReader
{
    /// <summary>Reads a table word.</summary>
    /// <param name="address">The address as the table above names it.</param>
    /// <param name="word">The word.</param>
    /// <returns>False when it could not be read; a reader that translates keeps the reason itself.</returns>
    bool TryRead(ulong address, out ulong word);
}
