using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Tests.Core.Iommufd;

/// <summary>A domain of the mock: with an aperture, perhaps tracking writes.</summary>
internal sealed class MockDomain : IommuDomain
{
    public const ulong First = 1UL << 24;
    public const ulong Last = (1UL << 31) - 1;

    public MockDomain(DomainType type, bool dirty = false)
        : base(type)
    {
        TracksDirty = dirty;
        if (type != DomainType.Unmanaged)
            return;
        PageTable = Table;
        Geometry = new DomainGeometry(First, Last);
    }

    public MockPageTable Table { get; } = new();

    public bool TracksDirty { get; }

    public bool Tracking { get; set; }

    /// <summary>What hardware has cached of a nested domain.</summary>
    public uint[] Cache { get; init; } = [];

    public MockDomain? Parent { get; init; }
}
