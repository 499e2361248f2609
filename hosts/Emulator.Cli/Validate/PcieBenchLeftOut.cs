using System.Text.Json.Serialization;
using Emulator.Hardware.Dma;

namespace Emulator.Cli.Validate;

/// <summary>Measurements that were not simulated.</summary>
/// <param name="System">The measured system.</param>
/// <param name="Access">Their direction.</param>
/// <param name="Reason">Why.</param>
/// <param name="Points">How many.</param>
/// <param name="First">The first of them, in words.</param>
public sealed record PcieBenchLeftOut(string System, [property: JsonIgnore] DmaAccess Access, string Reason, int Points, string First)
{
    /// <summary><c>read</c> or <c>write</c>.</summary>
    public string Direction => PcieBenchRow.NameOf(Access);
}
