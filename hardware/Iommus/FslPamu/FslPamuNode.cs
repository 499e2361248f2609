namespace Emulator.Hardware.Iommus.FslPamu;

/// <summary>A device node with LIODNs, as firmware describes it.</summary>
/// <param name="Kind">What it is: some have operations and stashing of their own.</param>
/// <param name="Liodns">Its LIODNs (property fsl,liodn).</param>
public sealed record FslPamuNode(FslPamuNodeKind Kind, IReadOnlyList<uint> Liodns);
