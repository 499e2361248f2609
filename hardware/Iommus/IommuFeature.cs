namespace Emulator.Hardware.Iommus;

/// <summary>Something that the real IOMMU has, and whether it is modelled: for the IOMMU's page in the documentation.</summary>
/// <param name="Name">The feature in the manual's words.</param>
/// <param name="IsModelled">Whether the model has it.</param>
/// <param name="Remark">What of it, or what happens in its place.</param>
public sealed record IommuFeature(string Name, bool IsModelled, string Remark = "");
