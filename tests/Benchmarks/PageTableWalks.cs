using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Amd;
using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.PageTables.ArmShort;
using Emulator.Hardware.PageTables.Dart;
using Emulator.Hardware.PageTables.Vtd;
using Emulator.Hardware.Translation;

namespace Emulator.Benchmarks;

/// <summary>Each format's walker, called as its silicon calls it.</summary>
public static class PageTableWalks
{
    private const PagePermissions Everything = PagePermissions.Read | PagePermissions.Write;

    /// <summary>LPAE stage 1, 4 KiB, four levels.</summary>
    public struct Lpae(PhysicalMemory memory, ulong root) : IPageTableWalk
    {
        private readonly ArmLpaeRegime _regime = new(root, 12, 0, 48, 48);
        private MemoryTableReader _reader = new(memory);

        /// <inheritdoc/>
        public void Walk(ulong iova, out WalkResult result) => ArmLpaeWalker.Walk<ArmLpaeStage1, MemoryTableReader>(ref _reader, _regime, iova, out result);
    }

    /// <summary>Armv7 short descriptors.</summary>
    public readonly struct Short(PhysicalMemory memory, ulong root) : IPageTableWalk
    {
        private readonly ArmShortWalker _walker = new(memory);

        /// <inheritdoc/>
        public void Walk(ulong iova, out WalkResult result) => _walker.Walk(root, iova, out result);
    }

    /// <summary>Apple's DART, first generation.</summary>
    public readonly struct Dart(PhysicalMemory memory, ulong root, int granuleShift) : IPageTableWalk
    {
        private readonly DartWalker _walker = new(memory, DartFormat.Dart1, granuleShift);

        /// <inheritdoc/>
        public void Walk(ulong iova, out WalkResult result) => _walker.Walk(root, iova, out result);
    }

    /// <summary>AMD host tables, three levels.</summary>
    public readonly struct AmdV1(PhysicalMemory memory, ulong root) : IPageTableWalk
    {
        /// <inheritdoc/>
        public void Walk(ulong iova, out WalkResult result) => AmdV1Walker.Walk(memory, root, AmdV1PageTable.InitialLevels, iova, Everything, out result);
    }

    /// <summary>AMD guest tables, four levels.</summary>
    public readonly struct AmdV2(PhysicalMemory memory, ulong root) : IPageTableWalk
    {
        /// <inheritdoc/>
        public void Walk(ulong iova, out WalkResult result) => AmdV2Walker.Walk(memory, root, 4, iova, Everything, out result);
    }

    /// <summary>VT-d second level, four levels.</summary>
    public readonly struct VtdSecond(PhysicalMemory memory, ulong root) : IPageTableWalk
    {
        private readonly VtdWalkRules _rules = new(46);

        /// <inheritdoc/>
        public void Walk(ulong iova, out WalkResult result) => VtdSecondLevelWalker.Walk(memory, root, 4, iova, _rules, out result);
    }

    /// <summary>VT-d first level, four levels; accessed and dirty bits are set already.</summary>
    public struct VtdFirst(PhysicalMemory memory, ulong root) : IPageTableWalk
    {
        private readonly VtdWalkRules _rules = new(46);
        private VtdDirectReader _reader = new(memory, marks: true);

        /// <inheritdoc/>
        public void Walk(ulong iova, out WalkResult result) => VtdFirstLevelWalker.Walk(ref _reader, root, 4, iova, write: false, _rules, out result);
    }
}
