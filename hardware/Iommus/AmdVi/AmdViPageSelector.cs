using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>The cached pages that INVALIDATE_IOMMU_PAGES drops: of a domain, in a range, with GN of one PASID only.</summary>
internal readonly struct AmdViPageSelector(AmdViCommand command, bool wholeDomain) : IIotlbSelector
{
    private readonly ulong _domain = command.DomainId;
    private readonly ulong _first = wholeDomain ? 0 : command.Range.First;
    private readonly ulong _last = wholeDomain ? ulong.MaxValue : command.Range.Last;
    private readonly bool _guest = command.IsGuest;
    private readonly ulong _guestTag = AmdViIommu.GuestTag(command.DomainId, command.Pasid);

    public bool Selects(in IotlbEntry entry) => entry.Domain == _domain && (!_guest || entry.Tag == _guestTag) && entry.Overlaps(_first, _last);
}
