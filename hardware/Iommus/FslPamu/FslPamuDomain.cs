using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.FslPamu;

/// <summary>A domain: a window of 64 GiB onto all memory. Nothing can be mapped in it.</summary>
public sealed class FslPamuDomain : IommuDomain
{
    /// <summary>No stash id.</summary>
    public const uint NoStash = uint.MaxValue;

    internal FslPamuDomain()
        : base(DomainType.Unmanaged) => Geometry = DomainGeometry.OfBits(36);

    /// <summary>The LIODNs in it, the last attached first.</summary>
    internal List<(DmaDevice Device, uint Liodn)> Members { get; } = [];

    /// <summary>Cache stash id that its LIODNs get; <see cref="NoStash"/> for none.</summary>
    internal uint StashId { get; set; } = NoStash;
}
