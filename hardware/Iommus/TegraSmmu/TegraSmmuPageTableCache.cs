using System.Runtime.CompilerServices;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>The page-table cache (PTC): atoms of table memory by their physical address, whoever's tables they are. It never looks at memory again
/// until an atom is flushed.</summary>
public sealed class TegraSmmuPageTableCache
{
    private readonly PhysicalMemory _memory;
    private readonly ConfigurationCache<TegraSmmuAtom> _atoms;
    private readonly int _atomBytes;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="atomBytes">16, 32 or 64.</param>
    /// <param name="atoms">How many it keeps; 0 for none.</param>
    public TegraSmmuPageTableCache(PhysicalMemory memory, int atomBytes, int atoms)
    {
        if (atomBytes is not (16 or 32 or 64))
            throw new ArgumentOutOfRangeException(nameof(atomBytes), $"an atom has 16, 32 or 64 bytes, not {atomBytes}");
        (_memory, _atomBytes, _atoms) = (memory, atomBytes, new ConfigurationCache<TegraSmmuAtom>(atoms));
    }

    /// <summary>Whether it is used (SMMU_PTC_CONFIG bit 29); while it is not, its content stays.</summary>
    public bool IsEnabled { get; set; } = true;

    /// <summary>Atoms present.</summary>
    public int Count => _atoms.Count;

    /// <summary>Reads a table word.</summary>
    /// <returns>False when there is no RAM.</returns>
    public bool TryRead(ulong address, out uint word)
    {
        if (!IsEnabled)
            return _memory.TryRead32(address, out word);
        var first = address & ~((ulong)_atomBytes - 1);
        var index = (int)(address - first) / 4;
        ref var cached = ref _atoms.Find(first);
        if (!Unsafe.IsNullRef(ref cached))
        {
            word = cached[index];
            return true;
        }

        var atom = default(TegraSmmuAtom);
        for (var i = 0; i < _atomBytes / 4; i++)
        {
            if (!_memory.TryRead32(first + (4 * (ulong)i), out atom[i]))
            {
                word = 0;
                return false;
            }
        }

        _atoms.Insert(first, atom);
        word = atom[index];
        return true;
    }

    /// <summary>Drops the atom with an address.</summary>
    public void Flush(ulong address) => _atoms.Invalidate(address & ~((ulong)_atomBytes - 1));

    /// <summary>Drops everything.</summary>
    public void FlushAll() => _atoms.InvalidateAll();
}
