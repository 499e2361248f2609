namespace Emulator.Hardware.Core.Iommufd;

/// <summary>The answer to a group of page requests.</summary>
/// <param name="GroupId">The group's number.</param>
/// <param name="Pasid">Its PASID, or null.</param>
/// <param name="Code">The answer.</param>
public sealed record PageResponse(uint GroupId, uint? Pasid, PageResponseCode Code);
