using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Reads what stage 1 or a CD table names by intermediate address: through stage 2.</summary>
internal struct NestedTableReader : ITableReader
{
    private readonly PhysicalMemory _memory;
    private readonly ArmLpaeRegime _second;
    private readonly bool _protectedWalk;
    private readonly EventClass _class;

    public NestedTableReader(PhysicalMemory memory, in ArmLpaeRegime second, bool protectedWalk, EventClass @class)
    {
        _memory = memory;
        _second = second;
        _protectedWalk = protectedWalk;
        _class = @class;
    }

    /// <summary>Why the last read failed; the code is None when it was stage 1's own read that was aborted.</summary>
    public TranslationFault Fault { get; private set; }

    /// <inheritdoc/>
    public bool TryRead(ulong address, out ulong word)
    {
        word = 0;
        if (!TryTranslate(address, out var physical))
            return false;
        return _memory.TryRead64(physical, out word);
    }

    private bool TryTranslate(ulong address, out ulong physical)
    {
        var reader = new MemoryTableReader(_memory);
        ArmLpaeWalker.Walk<ArmLpaeStage2, MemoryTableReader>(ref reader, in _second, address, out var walk);
        physical = walk.Translate(address);
        if (walk.Status != WalkStatus.Ok)
        {
            Fault = StageWalk.Fault(walk, _class, stage2: true, address);
            return false;
        }

        // MemAttr 5:4 zero is device memory.
        var device = (walk.Entry & 3UL << 4) == 0;
        if ((walk.Permissions & PagePermissions.Read) != 0 && !(device && _protectedWalk))
            return true;
        Fault = new TranslationFault(EventCode.Permission, _class, Stage2: true, address);
        return false;
    }
}
