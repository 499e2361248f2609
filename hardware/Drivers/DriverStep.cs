namespace Emulator.Hardware.Drivers;

/// <summary>
/// One step of a driver's sequence: one access that other bus traffic can fall before or after. A sequence is an
/// <see cref="IEnumerable{T}"/> of steps that its executor performs one by one; after a read the driver finds the result in <see cref="Value"/>.
/// </summary>
public sealed class DriverStep
{
    private DriverStep(DriverStepKind kind, int unit, ulong address, int width, ulong value, string? label)
    {
        Kind = kind;
        Unit = unit;
        Address = address;
        Width = width;
        Value = value;
        Label = label;
    }

    /// <summary>What the step does.</summary>
    public DriverStepKind Kind { get; }

    /// <summary>Which of the driver's IOMMU instances a register step addresses; 0 where there is one.</summary>
    public int Unit { get; }

    /// <summary>Register offset, or memory address.</summary>
    public ulong Address { get; }

    /// <summary>Bytes, 4 or 8.</summary>
    public int Width { get; }

    /// <summary>The value to write; after a read, the value read.</summary>
    public ulong Value { get; set; }

    /// <summary>What a memory word is, for logs (such as <c>DTE 0x18 q0</c>); register steps are named by their register file.</summary>
    public string? Label { get; }

    /// <summary>The result of a <see cref="DriverStepKind.Return"/> step: 0, a negative errno, or a count.</summary>
    public long Result => (long)Value;

    /// <summary>A register read.</summary>
    public static DriverStep Read(ulong offset, int width = 4, int unit = 0) => new(DriverStepKind.ReadRegister, unit, offset, width, 0, null);

    /// <summary>A register write.</summary>
    public static DriverStep Write(ulong offset, ulong value, int width = 4, int unit = 0) => new(DriverStepKind.WriteRegister, unit, offset, width, value, null);

    /// <summary>A store to memory that the silicon reads.</summary>
    public static DriverStep Store(ulong address, ulong value, string label, int width = 8) => new(DriverStepKind.WriteMemory, 0, address, width, value, label);

    /// <summary>A load from memory that the silicon writes.</summary>
    public static DriverStep Load(ulong address, string label, int width = 8) => new(DriverStepKind.ReadMemory, 0, address, width, 0, label);

    /// <summary>A full barrier.</summary>
    public static DriverStep Barrier() => new(DriverStepKind.Barrier, 0, 0, 0, 0, null);

    /// <summary>The end of a sequence, with its result. Without one a sequence ends with 0.</summary>
    public static DriverStep Return(long result) => new(DriverStepKind.Return, 0, 0, 0, (ulong)result, null);

    /// <summary>The end of a sequence that failed.</summary>
    public static DriverStep Fail(Errno errno) => Return(-(long)errno);
}
