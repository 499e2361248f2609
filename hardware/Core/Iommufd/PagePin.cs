namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A pinned part of a buffer.</summary>
/// <param name="Start">First byte in the buffer.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Ranges">Where it lies.</param>
internal sealed record PagePin(ulong Start, ulong Length, IReadOnlyList<PhysicalRange> Ranges)
{
    /// <summary>Two pins of the same part are two.</summary>
    public bool Equals(PagePin? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
