namespace Emulator.Simulations;

/// <summary>A hash of text that is the same in every process (FNV-1a, 64 bits), as string.GetHashCode is not.</summary>
internal static class StableHash
{
    public static ulong Of(string text)
    {
        var hash = 0xcbf29ce484222325;
        foreach (var character in text)
            hash = (hash ^ character) * 0x100000001b3;
        return hash;
    }
}
