using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>What the silicon keeps of a device table entry: the entry, decoded once.</summary>
internal readonly record struct AmdViDeviceState
{
    public AmdViDeviceState(AmdViDeviceTableEntry entry, AmdViFeatures features, bool guestEnabled)
    {
        Entry = entry;
        DomainId = entry.DomainId;
        Permissions = entry.Permissions;
        Root = entry.Root;
        Levels = entry.Mode;
        Kind = Classify(entry, features, guestEnabled);
        IsPaging = Kind == AmdViTranslation.Host || (Kind == AmdViTranslation.Guest && entry.GuestIo);
        Tag = Kind == AmdViTranslation.Guest ? AmdViIommu.GuestTag(DomainId, 0) : AmdViIommu.HostTag(DomainId);
    }

    public AmdViDeviceTableEntry Entry { get; }

    public AmdViTranslation Kind { get; }

    /// <summary>Requests without PASID go through a page table.</summary>
    public bool IsPaging { get; }

    /// <summary>The tag of their cached pages.</summary>
    public ulong Tag { get; }

    public ushort DomainId { get; }

    public PagePermissions Permissions { get; }

    public ulong Root { get; }

    public int Levels { get; }

    private static AmdViTranslation Classify(AmdViDeviceTableEntry entry, AmdViFeatures features, bool guestEnabled)
    {
        if (!entry.Valid)
            return AmdViTranslation.None;
        if (entry.HasReservedBits)
            return AmdViTranslation.Illegal;
        if (!entry.TranslationValid)
            return AmdViTranslation.Invalid;
        if (entry.Mode == 7)
            return AmdViTranslation.Illegal;
        if (!entry.GuestValid)
            return entry.Mode == 0 ? AmdViTranslation.Identity : AmdViTranslation.Host;
        return !features.GuestTranslation || !guestEnabled || entry.Mode != 0 || entry.Glx > features.MaxGcr3Levels ? AmdViTranslation.Illegal : AmdViTranslation.Guest;
    }
}
