namespace Emulator.Actors.Ownership;

/// <summary>How an IOMMU is told to block a group between two owners.</summary>
public enum BlockingStrategy
{
    /// <summary>The driver's own blocking domain.</summary>
    Native,

    /// <summary>An unmanaged domain in which nothing is mapped.</summary>
    Empty,

    /// <summary>The driver's detach alone, as kernels up to 6.1 do it. Whether that blocks is what this strategy shows.</summary>
    Detach,
}
