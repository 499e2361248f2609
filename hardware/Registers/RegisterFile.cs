namespace Emulator.Hardware.Registers;

/// <summary>
/// The register window of a device, declared register by register: offset, width, name, access, fields and what a read or a write sets off.
/// </summary>
/// <remarks>
/// A 64-bit register may be accessed as two 32-bit halves. An offset that nobody declared reads as zero and ignores writes; such accesses are
/// counted, so that a driver that strays is noticed. Not for use by several threads at once.
/// </remarks>
public sealed class RegisterFile
{
    private readonly Dictionary<ulong, Register> _byWord = [];
    private readonly List<Register> _registers = [];

    /// <summary>Makes an empty file.</summary>
    /// <param name="name">The device's name, for messages.</param>
    /// <param name="size">Bytes of the window.</param>
    public RegisterFile(string name, ulong size)
    {
        Name = name;
        Size = size;
    }

    /// <summary>The device's name.</summary>
    public string Name { get; }

    /// <summary>Bytes of the window.</summary>
    public ulong Size { get; }

    /// <summary>The registers in the order in which they were declared.</summary>
    public IReadOnlyList<Register> Registers => _registers;

    /// <summary>Accesses to offsets that no register is declared at.</summary>
    public long UndeclaredAccesses { get; private set; }

    /// <summary>Told of every access by software, after it took effect; null when nobody records.</summary>
    public Action<RegisterOperation>? Observer { get; set; }

    /// <summary>Declares a register.</summary>
    /// <param name="offset">Byte offset, a multiple of 4 (of <paramref name="width"/> for a 4-byte register).</param>
    /// <param name="width">4 or 8 bytes.</param>
    /// <param name="name">The manual's name.</param>
    /// <param name="access">What software may do; applied before <paramref name="onWrite"/> is called.</param>
    /// <param name="reset">Value after reset.</param>
    /// <param name="fields">The fields in words.</param>
    /// <param name="onRead">Gives the value of a read in place of the stored one.</param>
    /// <param name="onWrite">Called with the value written (a half write: merged with the other half).</param>
    /// <param name="writable">When given and false at a write, the write is ignored (locked registers).</param>
    /// <exception cref="ArgumentException">The offset is unaligned, outside the window or already taken.</exception>
    public Register Add(
        ulong offset,
        int width,
        string name,
        RegisterAccess access = RegisterAccess.ReadWrite,
        ulong reset = 0,
        string fields = "",
        Func<ulong>? onRead = null,
        Action<ulong>? onWrite = null,
        Func<bool>? writable = null)
    {
        if ((width != 4 && width != 8) || (offset & 3) != 0 || offset + (ulong)width > Size)
            throw new ArgumentException($"{Name}: register {name} at 0x{offset:x}, {width} bytes, does not fit a window of 0x{Size:x}", nameof(offset));
        var register = new Register(offset, width, name, access, reset, fields) { OnRead = onRead, OnWrite = onWrite, Writable = writable };
        for (var word = offset; word < offset + (ulong)width; word += 4)
        {
            if (!_byWord.TryAdd(word, register))
                throw new ArgumentException($"{Name}: 0x{word:x} is taken by {_byWord[word].Name}, {name} cannot be there", nameof(offset));
        }

        _registers.Add(register);
        return register;
    }

    /// <summary>Declares an array of registers of one kind; callbacks get the index.</summary>
    /// <param name="offset">Offset of the first.</param>
    /// <param name="count">How many.</param>
    /// <param name="stride">Bytes from one to the next.</param>
    /// <param name="width">4 or 8 bytes.</param>
    /// <param name="name">Name; <c>[i]</c> is appended.</param>
    /// <param name="access">See <see cref="Add"/>.</param>
    /// <param name="reset">See <see cref="Add"/>.</param>
    /// <param name="fields">See <see cref="Add"/>.</param>
    /// <param name="onWrite">Index and value written.</param>
    /// <param name="writable">See <see cref="Add"/>.</param>
    public Register[] AddArray(
        ulong offset,
        int count,
        ulong stride,
        int width,
        string name,
        RegisterAccess access = RegisterAccess.ReadWrite,
        ulong reset = 0,
        string fields = "",
        Action<int, ulong>? onWrite = null,
        Func<bool>? writable = null)
    {
        var registers = new Register[count];
        for (var i = 0; i < count; i++)
        {
            var index = i;
            registers[i] = Add(
                offset + ((ulong)i * stride), width, $"{name}[{i}]", access, reset, fields, onRead: null, onWrite == null ? null : value => onWrite(index, value), writable);
        }

        return registers;
    }

    /// <summary>A read by software.</summary>
    /// <param name="offset">Byte offset, a multiple of <paramref name="width"/>.</param>
    /// <param name="width">4 or 8 bytes.</param>
    public ulong Read(ulong offset, int width)
    {
        CheckAccess(offset, width);
        var value = Peek(offset, width, count: true);
        Observer?.Invoke(new RegisterOperation(false, offset, width, value));
        return value;
    }

    /// <summary>A write by software.</summary>
    /// <param name="offset">Byte offset, a multiple of <paramref name="width"/>.</param>
    /// <param name="width">4 or 8 bytes.</param>
    /// <param name="value">The value; bits above the width must be zero.</param>
    public void Write(ulong offset, int width, ulong value)
    {
        CheckAccess(offset, width);
        if (width == 4 && value > uint.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(value), $"{Name}: 0x{value:x} is wider than the 4-byte access at 0x{offset:x}");
        if (!_byWord.TryGetValue(offset, out var register))
        {
            UndeclaredAccesses++;
        }
        else if (width == 8 && register.Width == 4)
        {
            Store(register, 4, offset, value & uint.MaxValue);
            if (_byWord.TryGetValue(offset + 4, out var upper))
                Store(upper, 4, offset + 4, value >> 32);
        }
        else
        {
            Store(register, width, offset, value);
        }

        Observer?.Invoke(new RegisterOperation(true, offset, width, value));
    }

    /// <summary>The name of the register at an offset, or the offset itself.</summary>
    public string Describe(ulong offset) => _byWord.TryGetValue(offset & ~3UL, out var register) ? register.Name : $"0x{offset:x}";

    /// <summary>Sets every register to its reset value, without calling anything.</summary>
    public void Reset()
    {
        foreach (var register in _registers)
            register.Value = register.Reset;
    }

    private static void Store(Register register, int width, ulong offset, ulong written)
    {
        if (register.Writable is { } writable && !writable())
            return;
        var acting = written;
        if (width < register.Width)
        {
            // Half of a 64-bit register: the other half keeps its value, and does not act for registers that act on ones.
            var kept = register.Access is RegisterAccess.ReadWrite ? register.Value : 0;
            acting = offset == register.Offset ? (kept & ~(ulong)uint.MaxValue) | written : (kept & uint.MaxValue) | (written << 32);
        }

        switch (register.Access)
        {
            case RegisterAccess.ReadWrite:
                register.Value = acting;
                break;
            case RegisterAccess.WriteOneToClear:
                register.Value &= ~acting;
                break;
            case RegisterAccess.WriteOneToSet:
                register.Value |= acting;
                break;
        }

        if (register.Access != RegisterAccess.ReadOnly)
            register.OnWrite?.Invoke(acting);
    }

    private ulong Peek(ulong offset, int width, bool count)
    {
        if (!_byWord.TryGetValue(offset, out var register))
        {
            if (count)
                UndeclaredAccesses++;
            return 0;
        }

        var value = register.Access == RegisterAccess.WriteOnly ? 0 : register.OnRead?.Invoke() ?? register.Value;
        if (width == register.Width)
            return value;
        if (width < register.Width)
            return offset == register.Offset ? value & uint.MaxValue : value >> 32;
        return (value & uint.MaxValue) | (Peek(offset + 4, 4, count: false) << 32);
    }

    private void CheckAccess(ulong offset, int width)
    {
        if ((width != 4 && width != 8) || (offset & ((ulong)width - 1)) != 0 || offset + (ulong)width > Size)
            throw new ArgumentOutOfRangeException(nameof(offset), $"{Name}: {width}-byte access at 0x{offset:x} is unaligned or outside the window of 0x{Size:x}");
    }
}
