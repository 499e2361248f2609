using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables.Dart;

namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>A domain of the DART driver. It is tied to the DARTs of the first device that was attached to it.</summary>
public sealed class AppleDartDomain : IommuDomain
{
    internal AppleDartDomain(DomainType type)
        : base(type)
    {
    }

    /// <summary>The page table; null for types without one, and before the first attach.</summary>
    public DartPageTable? Tables => (DartPageTable?)PageTable;

    /// <summary>The streams that its invalidations name. Linux 6.12 never takes one out again.</summary>
    internal IReadOnlyList<AppleDartStreamMap> StreamMaps { get; private set; } = [];

    internal void Finalise(DartPageTable table, IReadOnlyList<AppleDartStreamMap> maps)
    {
        PageTable = table;
        StreamMaps = [.. maps.Select(map => map.Copy())];
    }

    internal void Free()
    {
        Tables?.Free();
        PageTable = null;
        StreamMaps = [];
    }
}
