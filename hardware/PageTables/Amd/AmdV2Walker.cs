using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.PageTables.Amd;

/// <summary>The silicon's walk of an AMD guest (v2) page table: x86 long mode, four or five levels.</summary>
/// <remarks>Accessed and dirty marks are not written: Linux sets both in advance. Levels in results are numbered from 0, the lowest.</remarks>
public static class AmdV2Walker
{
    /// <summary>Walks.</summary>
    /// <param name="memory">The memory that holds the tables.</param>
    /// <param name="root">The top table.</param>
    /// <param name="levels">4 or 5.</param>
    /// <param name="iova">The address; [model] taken as unsigned, so a five-level table translates all of 57 bits.</param>
    /// <param name="permissions">What the device table entry allows.</param>
    /// <param name="result">What was found.</param>
    public static void Walk(PhysicalMemory memory, ulong root, int levels, ulong iova, PagePermissions permissions, out WalkResult result)
    {
        result = default;
        var shift = AmdTables.Shift(levels - 1);
        result.Level = (sbyte)(levels - 1);
        if (iova >> (shift + AmdTables.IndexBits) != 0)
        {
            result.Status = WalkStatus.InputSize;
            return;
        }

        var (table, executable, privileged) = (root, PagePermissions.Execute, PagePermissions.None);
        while (true)
        {
            if (!AmdWalkStep.TryRead(memory, table, shift, iova, ref result))
                return;
            var entry = new AmdV2Entry(result.Entry);
            if (!entry.Writable)
                permissions &= ~PagePermissions.Write;
            if (entry.NoExecute)
                executable = PagePermissions.None;
            if (!entry.User)
                privileged = PagePermissions.PrivilegedOnly;
            var large = entry.Large && result.Level > 0;
            if (large && result.Level > 2)
            {
                result.Status = WalkStatus.Reserved;
                return;
            }

            if (large || result.Level == 0)
            {
                result.PageShift = (byte)shift;
                result.Output = entry.Address & ~((1UL << shift) - 1);
                result.Permissions = permissions | executable | privileged;
                return;
            }

            table = entry.Address;
            shift -= AmdTables.IndexBits;
            result.Level--;
        }
    }
}
