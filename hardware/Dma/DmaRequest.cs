using System.Runtime.CompilerServices;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Dma;

/// <summary>One DMA as it arrives at an IOMMU.</summary>
/// <remarks>As a PCIe transaction, it must not cross a 4 KiB boundary; <see cref="DmaTransfer"/> splits longer ones.</remarks>
public readonly record struct DmaRequest
{
    /// <summary>The largest length of one request in bytes.</summary>
    public const int MaxLength = 4096;

    /// <summary>Makes a request.</summary>
    /// <param name="stream">Who sends it.</param>
    /// <param name="iova">Where it goes, before translation.</param>
    /// <param name="access">Its direction.</param>
    /// <param name="length">Bytes, 1 to <see cref="MaxLength"/>, not past the next 4 KiB boundary.</param>
    public DmaRequest(StreamId stream, Iova iova, DmaAccess access, ushort length = 4)
    {
        Stream = stream;
        Iova = iova;
        Access = access;
        Length = length;
    }

    /// <summary>The untranslated address.</summary>
    public Iova Iova { get; init; }

    /// <summary>The sender.</summary>
    public StreamId Stream { get; init; }

    /// <summary>The PASID, 20 bits; valid with <see cref="DmaAttributes.Pasid"/>.</summary>
    public uint Pasid { get; init; }

    /// <summary>Bytes.</summary>
    public ushort Length { get; init; }

    /// <summary>The device's own tag for the transaction.</summary>
    public ushort Tag { get; init; }

    /// <summary>Read or write.</summary>
    public DmaAccess Access { get; init; }

    /// <summary>PASID, privilege, ATS.</summary>
    public DmaAttributes Attributes { get; init; }

    /// <summary>Whether the request carries a PASID.</summary>
    public bool HasPasid => (Attributes & DmaAttributes.Pasid) != 0;

    /// <summary>Whether it writes.</summary>
    public bool IsWrite => Access == DmaAccess.Write;

    /// <summary>Whether a page with these permissions may be used by it: direction, instruction fetch and privilege.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsAllowedBy(PagePermissions permissions)
    {
        var needed = IsWrite ? PagePermissions.Write : PagePermissions.Read;
        if ((permissions & (needed | PagePermissions.PrivilegedOnly)) == needed && (Attributes & DmaAttributes.Instruction) == 0)
            return true;
        if ((Attributes & DmaAttributes.Instruction) != 0)
            needed |= PagePermissions.Execute;
        var privileged = (permissions & PagePermissions.PrivilegedOnly) == 0 || (Attributes & DmaAttributes.Privileged) != 0;
        return privileged && (permissions & needed) == needed;
    }
}
