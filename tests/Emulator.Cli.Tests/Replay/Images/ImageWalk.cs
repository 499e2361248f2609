using Emulator.Hardware.Iommus.ArmSmmuV3;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.PageTables.Vtd;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Tests.Replay.Images;

/// <summary>
/// Lists every entry and every leaf that the silicon's walkers find in an image, in the form of the list beside it. The walkers are asked about
/// the whole input space: after a leaf or a hole, the next address asked about is the first one that the entry read last does not cover.
/// </summary>
public static class ImageWalk
{
    private delegate void Walker(ulong iova, out WalkResult walk);

    /// <summary>Walks an image.</summary>
    public static IEnumerable<string> Walk(PageTableImage image) => image.IsArm ? WalkStreams(image.Memory, image.Root) : WalkContexts(image.Memory, image.Root);

    // VT-d, legacy mode: root entry P 0, context table 63:12; context entry lo: P 0, TT 3:2, root 63:12; hi: AW 2:0, DID 23:8.
    private static IEnumerable<string> WalkContexts(PhysicalMemory memory, ulong root)
    {
        var rules = new VtdWalkRules();
        for (var stream = 0UL; stream < 0x10000; stream++)
        {
            var bus = memory.Read64(root + ((stream >> 8) * 16));
            if ((bus & 1) == 0)
                continue;
            var entry = (bus & ~0xfffUL) + ((stream & 0xff) * 16);
            var (low, high) = (memory.Read64(entry), memory.Read64(entry + 8));
            if ((low & 1) == 0)
                continue;
            yield return $"C\t{stream:x4}\t{low:x16}\t{high:x16}";
            if (((low >> 2) & 3) != 0)
                continue;
            var levels = (int)(high & 7) + 2;
            foreach (var walk in Sweep(Find, 12 + (levels * 9), VtdEntry.Shift))
                yield return $"M\t{stream:x4}\t{(high >> 8) & 0xffff}\t{walk.Iova:x}\t{walk.Found.Output:x}\t{(int)walk.Found.Permissions}\t{walk.Found.Level}";

            void Find(ulong iova, out WalkResult walk) => VtdSecondLevelWalker.Walk(memory, low & ~0xfffUL, levels, iova, rules, out walk);
        }
    }

    private static IEnumerable<string> WalkStreams(PhysicalMemory memory, ulong root)
    {
        const int Split = 8;
        for (var stream = 0UL; stream < 0x10000; stream++)
        {
            var first = new StreamTableLevel1Descriptor(memory.Read64(root + ((stream >> Split) * StreamTableLevel1Descriptor.Size)));
            if (first.Span == 0)
                continue;
            var at = first.Level2Table + ((stream & ((1 << Split) - 1)) * StreamTableEntry.Size);
            var entry = new StreamTableEntry(memory.Read64(at), memory.Read64(at + 8), memory.Read64(at + 16), memory.Read64(at + 24));
            if (!entry.Valid)
                continue;
            var hasContext = entry.Configuration == StreamConfiguration.Stage1;
            var (low, high) = hasContext ? (memory.Read64(entry.ContextTable), memory.Read64(entry.ContextTable + 8)) : (0, 0);
            yield return $"C\t{stream:x4}\t{entry.Word0:x16}\t{entry.Word1:x16}\t{low:x16}\t{high:x16}";
            var context = new ContextDescriptor(low, high, 0, 0);
            if (!hasContext || !context.Valid)
                continue;
            Assert.Equal(0, context.Granule0);
            var inputBits = 64 - context.T0Sz;
            var regime = new ArmLpaeRegime(context.Table0, 12, ArmLpaeRegime.Stage1StartLevel(12, inputBits), inputBits, 48);
            foreach (var walk in Sweep(Find, inputBits, level => 12 + ((3 - level) * 9)))
                yield return $"M\t{stream:x4}\t{context.Asid}\t{walk.Iova:x}\t{walk.Found.Output:x}\t{AccessPermissions(walk.Found.Permissions)}\t{walk.Found.Level}";

            void Find(ulong iova, out WalkResult walk)
            {
                var reader = new MemoryTableReader(memory);
                ArmLpaeWalker.Walk<ArmLpaeStage1, MemoryTableReader>(ref reader, regime, iova, out walk);
            }
        }
    }

    private static IEnumerable<(ulong Iova, WalkResult Found)> Sweep(Walker walker, int inputBits, Func<int, int> shiftOf)
    {
        for (var iova = 0UL; iova < 1UL << inputBits;)
        {
            walker(iova, out var walk);
            Assert.True(walk.Status is WalkStatus.Ok or WalkStatus.NotPresent, $"0x{iova:x}: {walk.Status}");
            if (walk.Status == WalkStatus.Ok)
                yield return (iova, walk);
            iova = (iova | ((1UL << shiftOf(walk.Level)) - 1)) + 1;
        }
    }

    // AP[2:1] of a leaf: bit 1 read-only, bit 0 open to unprivileged accesses.
    private static int AccessPermissions(PagePermissions permissions) =>
        ((permissions & PagePermissions.Write) == 0 ? 2 : 0) | ((permissions & PagePermissions.PrivilegedOnly) == 0 ? 1 : 0);
}
