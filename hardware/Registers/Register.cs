namespace Emulator.Hardware.Registers;

/// <summary>One declared register of a <see cref="RegisterFile"/>.</summary>
public sealed class Register
{
    internal Register(ulong offset, int width, string name, RegisterAccess access, ulong reset, string fields)
    {
        Offset = offset;
        Width = width;
        Name = name;
        Access = access;
        Reset = reset;
        Fields = fields;
        Value = reset;
    }

    /// <summary>Byte offset in the register file.</summary>
    public ulong Offset { get; }

    /// <summary>Bytes, 4 or 8.</summary>
    public int Width { get; }

    /// <summary>The manual's name.</summary>
    public string Name { get; }

    /// <summary>What software may do with it.</summary>
    public RegisterAccess Access { get; }

    /// <summary>The value after reset.</summary>
    public ulong Reset { get; }

    /// <summary>Its fields in words, for the reference page.</summary>
    public string Fields { get; }

    /// <summary>The current value. Silicon sets it freely; software goes through <see cref="RegisterFile.Write"/>.</summary>
    public ulong Value { get; set; }

    internal Func<ulong>? OnRead { get; init; }

    internal Action<ulong>? OnWrite { get; init; }

    internal Func<bool>? Writable { get; init; }
}
