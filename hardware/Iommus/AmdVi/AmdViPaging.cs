namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>What a device table entry says of a domain's page table.</summary>
/// <param name="Mode">Levels of the host (v1) page table; 0 for none.</param>
/// <param name="Root">The host page table; 0 for none.</param>
/// <param name="Gcr3Table">The GCR3 table; null for none.</param>
/// <param name="Glx">Levels of the GCR3 table minus 1.</param>
/// <param name="GuestIo">Requests without PASID use PASID 0 (GIoV).</param>
public readonly record struct AmdViPaging(int Mode, ulong Root, ulong? Gcr3Table = null, int Glx = 0, bool GuestIo = false);
