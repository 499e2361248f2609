namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>One entry of the event log, 128 bits.</summary>
/// <remarks>Source: AMD 48882, event log; Linux 6.1 drivers/iommu/amd/iommu.c:851, iommu_print_event.</remarks>
/// <param name="Word0">Bits 63:0.</param>
/// <param name="Word1">Bits 127:64: an address.</param>
public readonly record struct AmdViEvent(ulong Word0, ulong Word1)
{
    /// <summary>Makes an entry.</summary>
    /// <param name="code">The code.</param>
    /// <param name="device">Device ID; 0 for events that name none.</param>
    /// <param name="domain">DomainID, or bits 15:0 of the PASID.</param>
    /// <param name="flags">Flags.</param>
    /// <param name="address">The address.</param>
    /// <param name="pasidHigh">Bits 19:16 of the PASID.</param>
    public AmdViEvent(AmdViEventCode code, ushort device, ushort domain, AmdViEventFlags flags, ulong address, uint pasidHigh = 0)
        : this(device | ((ulong)(pasidHigh & 0xf) << 16) | ((ulong)domain << 32) | ((ulong)flags << 48) | ((ulong)code << 60), address)
    {
    }

    /// <summary>The code.</summary>
    public AmdViEventCode Code => (AmdViEventCode)(Word0 >> 60);

    /// <summary>Device ID.</summary>
    public ushort DeviceId => (ushort)Word0;

    /// <summary>DomainID, or with <see cref="AmdViEventFlags.Guest"/> bits 15:0 of the PASID.</summary>
    public ushort DomainId => (ushort)(Word0 >> 32);

    /// <summary>Flags.</summary>
    public AmdViEventFlags Flags => (AmdViEventFlags)((Word0 >> 48) & 0xfff);

    /// <summary>The address.</summary>
    public ulong Address => Word1;
}
