using System.Text.Json;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.PageTables;

/// <summary>A page table made as a vector's <c>config</c> says, with the silicon's walker that reads it.</summary>
public abstract class PageTableFixture
{
    /// <summary>The software side.</summary>
    public abstract IPageTable Table { get; }

    /// <summary>Whether the invalidations of each call are compared with the record: formats whose own code asks for them.</summary>
    public virtual bool ComparesFlushes => false;

    /// <summary>Whether the format's own code flushes by calls into its driver: ranges and whole domains, and device table entries when the top moves.</summary>
    public virtual bool FlushesThroughDriver => false;

    /// <summary>Whether a call without a gather leaves page invalidations out, as one with a queued gather does.</summary>
    public virtual bool QueuesWithoutGather => false;

    /// <summary>The silicon's walk of the table, from memory alone.</summary>
    public abstract WalkResult Walk(ulong iova);

    /// <summary>What the silicon allows on a page that was mapped with <paramref name="protection"/>, by the format's own rules.</summary>
    public abstract PagePermissions Permitted(Protection protection);

    /// <summary>Compares what the table settled on (register values, levels) with <c>config</c>.</summary>
    public abstract void CheckConfiguration(JsonElement config, VectorRun run);

    /// <summary>Compares the state after the last operation with <c>end</c>, for formats whose top moves.</summary>
    public virtual void CheckEnd(JsonElement end, VectorRun run)
    {
    }

    /// <summary>Runs a <c>dirty</c> operation: read and clear dirty marks. Only formats with dirty tracking are asked.</summary>
    public virtual Errno ReadDirty(ulong iova, ulong size, bool clear, ICollection<(ulong Iova, ulong Size)> dirty) => throw new NotSupportedException("this format tracks no dirty pages");
}
