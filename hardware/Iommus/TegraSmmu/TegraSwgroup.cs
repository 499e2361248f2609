namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>A software group: the memory clients of one unit of the chip, which share an ASID register.</summary>
/// <remarks>The translation gate of client n is bit n mod 32 of the (n / 32)-th enable register, see <see cref="TegraSmmuRegisters.Enable"/>.</remarks>
/// <param name="Name">The kernel's name, such as <c>dc</c>.</param>
/// <param name="Register">Offset of its ASID register.</param>
/// <param name="Clients">Its memory clients' ids, in the order in which the driver opens their gates.</param>
public sealed record TegraSwgroup(string Name, ulong Register, IReadOnlyList<int> Clients)
{
    /// <summary>The gates are read-only (GPU, which has an MMU of its own): writes to them are lost.</summary>
    public bool GatesAreReadOnly { get; init; }
}
