namespace Emulator.Hardware.PageTables;

/// <summary>One invalidation that page-table code asks for.</summary>
/// <param name="Kind">What is to be invalidated.</param>
/// <param name="Iova">First address.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Granule">Bytes of one leaf.</param>
public readonly record struct Invalidation(InvalidationKind Kind, ulong Iova, ulong Size, ulong Granule);
