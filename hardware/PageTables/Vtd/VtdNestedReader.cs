using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.Vtd;

/// <summary>First-level tables whose addresses go through a second-level table.</summary>
public readonly struct VtdNestedReader : IVtdTableReader
{
    private readonly PhysicalMemory _memory;
    private readonly ulong _root;
    private readonly int _levels;
    private readonly VtdWalkRules _rules;

    /// <summary>Makes a reader.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="root">The top second-level table.</param>
    /// <param name="levels">Its levels.</param>
    /// <param name="rules">What the unit accepts.</param>
    public VtdNestedReader(PhysicalMemory memory, ulong root, int levels, in VtdWalkRules rules)
    {
        _memory = memory;
        _root = root;
        _levels = levels;
        _rules = rules;
    }

    /// <inheritdoc/>
    public bool TryRead(ref ulong address, out ulong entry)
    {
        entry = 0;
        VtdSecondLevelWalker.Walk(_memory, _root, _levels, address, _rules, out var walk);
        if (walk.Status != WalkStatus.Ok || (walk.Permissions & Translation.PagePermissions.Read) == 0)
            return false;
        address = walk.Translate(address);
        return _memory.TryRead64(address, out entry);
    }

    /// <inheritdoc/>
    public void Mark(ulong address, ulong entry, ulong bits) => _memory.CompareExchange64(address, entry | bits, entry);
}
