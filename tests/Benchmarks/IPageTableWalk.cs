using Emulator.Hardware.PageTables;

namespace Emulator.Benchmarks;

/// <summary>The silicon's walk of one format's tables. Implemented by structs, so that a loop over it is compiled for each format.</summary>
public interface IPageTableWalk
{
    /// <summary>Walks.</summary>
    void Walk(ulong iova, out WalkResult result);
}
