using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Emulator.Hardware.Memory;

/// <summary>
/// The system's memory: sparse, 52-bit, little-endian. Terabytes of address space cost what is touched: a bank of 2 MiB is reserved on the
/// first write to it, and the operating system backs each 4 KiB frame of it on first touch. Reading what was never written gives zero.
/// </summary>
/// <remarks>
/// Naturally aligned 32- and 64-bit accesses are single-copy atomic, so a walker that runs beside a driver sees an entry before or after a
/// store, never torn. Instance members may be used by several threads at once; <see cref="Dispose"/> only when no other is inside; without it the native memory is not given back.
/// An access outside the RAM ranges fails (the bus answers with an abort); it never throws on the read and write paths.
/// </remarks>
public sealed unsafe class PhysicalMemory : IDisposable
{
    /// <summary>Bytes of a frame, the unit of ownership.</summary>
    public const int FrameSize = 4096;

    /// <summary>Bytes of a bank, the unit in which RAM ranges are given.</summary>
    public const ulong BankSize = 1UL << BankShift;

    internal const int BankShift = 21;

    internal const int FrameShift = 12;

    private const int RegionShift = 36;
    private const int RegionCount = 1 << (PhysicalAddress.Bits - RegionShift);
    private const int BanksPerRegion = 1 << (RegionShift - BankShift);
    private const int FramesPerBank = 1 << (BankShift - FrameShift);

    // Behind a bank's bytes: the owner of each frame, then whether the frame was ever written to.
    private const int OwnersOffset = 1 << BankShift;
    internal const int TouchedOffset = OwnersOffset + (FramesPerBank * sizeof(int));
    private const int BankBytes = TouchedOffset + FramesPerBank;

    private static readonly ZeroedBlocks s_roots = new((nuint)RegionCount * (nuint)sizeof(byte**), kept: 8);
    private static readonly ZeroedBlocks s_regions = new((nuint)BanksPerRegion * (nuint)sizeof(byte*), kept: 32);
    private static readonly ZeroedBlocks s_banks = new(BankBytes, kept: 32);

    private readonly MemoryRange[] _ram;
    private readonly Lock _growth = new();
    private readonly List<ulong> _banks = [];
    private byte*** _regions;
    private long _banksInUse;

    /// <summary>Makes a memory whose RAM is the whole 52-bit space.</summary>
    public PhysicalMemory()
        : this(MemoryRange.Everything)
    {
    }

    /// <summary>Makes a memory with RAM in the given ranges and nothing elsewhere.</summary>
    /// <param name="ram">Ranges in multiples of <see cref="BankSize"/>, inside 52 bits.</param>
    /// <exception cref="ArgumentException">A range is empty, unaligned or beyond 52 bits, or none is given.</exception>
    public PhysicalMemory(params MemoryRange[] ram)
    {
        ArgumentNullException.ThrowIfNull(ram);
        if (ram.Length == 0)
            throw new ArgumentException("a memory needs at least one RAM range", nameof(ram));
        foreach (var range in ram)
        {
            if (range.Length == 0 || ((range.Start | range.Length) & (BankSize - 1)) != 0 || range.End > 1UL << PhysicalAddress.Bits || range.End < range.Start)
            {
                throw new ArgumentException(
                    $"RAM range 0x{range.Start:x}+0x{range.Length:x} is not a non-empty multiple of 0x{BankSize:x} inside {PhysicalAddress.Bits} bits", nameof(ram));
            }
        }

        _ram = [.. ram];
        _regions = (byte***)s_roots.Rent();
    }

    /// <summary>The RAM ranges.</summary>
    public IReadOnlyList<MemoryRange> Ram => _ram;

    /// <summary>Banks of 2 MiB reserved so far.</summary>
    public long BanksInUse => Interlocked.Read(ref _banksInUse);

    /// <summary>Whether <paramref name="length"/> bytes at <paramref name="address"/> are RAM.</summary>
    public bool IsRam(ulong address, ulong length = 1)
    {
        foreach (var range in _ram)
        {
            if (address >= range.Start && address < range.End && length <= range.End - address)
                return true;
        }

        return false;
    }

    /// <summary>Reads an aligned 64-bit word. The hot path of every table walk.</summary>
    /// <returns>False when there is no RAM at <paramref name="address"/>; <paramref name="value"/> is then all ones, as an aborted read on a bus.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead64(ulong address, out ulong value)
    {
        var bank = FindBank(address);
        if (bank != null)
        {
            value = Volatile.Read(ref *(ulong*)(bank + (address & (BankSize - 8))));
            return true;
        }

        value = ReadUntouched(address);
        return IsUntouched(value);
    }

    /// <summary>Reads an aligned 32-bit word; see <see cref="TryRead64"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead32(ulong address, out uint value)
    {
        var bank = FindBank(address);
        if (bank != null)
        {
            value = Volatile.Read(ref *(uint*)(bank + (address & (BankSize - 4))));
            return true;
        }

        value = (uint)ReadUntouched(address);
        return IsUntouched(value);
    }

    /// <summary>Reads an aligned 64-bit word; all ones where there is no RAM.</summary>
    public ulong Read64(ulong address)
    {
        TryRead64(address, out var value);
        return value;
    }

    /// <summary>Reads an aligned 32-bit word; all ones where there is no RAM.</summary>
    public uint Read32(ulong address)
    {
        TryRead32(address, out var value);
        return value;
    }

    /// <summary>Writes an aligned 64-bit word.</summary>
    /// <returns>False when there is no RAM at <paramref name="address"/>: the write is lost.</returns>
    public bool Write64(ulong address, ulong value)
    {
        var bank = BankForWrite(address);
        if (bank == null)
            return false;
        Touch(bank, address);
        Volatile.Write(ref *(ulong*)(bank + (address & (BankSize - 8))), value);
        return true;
    }

    /// <summary>Writes an aligned 32-bit word; see <see cref="Write64"/>.</summary>
    public bool Write32(ulong address, uint value)
    {
        var bank = BankForWrite(address);
        if (bank == null)
            return false;
        Touch(bank, address);
        Volatile.Write(ref *(uint*)(bank + (address & (BankSize - 4))), value);
        return true;
    }

    /// <summary>Replaces an aligned 64-bit word if it still holds <paramref name="expected"/>, atomically.</summary>
    /// <returns>The word found: equal to <paramref name="expected"/> when the exchange took place; all ones where there is no RAM.</returns>
    public ulong CompareExchange64(ulong address, ulong value, ulong expected)
    {
        var bank = BankForWrite(address);
        if (bank == null)
            return ulong.MaxValue;
        Touch(bank, address);
        return Interlocked.CompareExchange(ref *(ulong*)(bank + (address & (BankSize - 8))), value, expected);
    }

    /// <summary>Reads bytes, of any alignment and length. Not atomic beyond each byte.</summary>
    /// <returns>False when a part is not RAM; that part reads as 0xff.</returns>
    public bool Read(ulong address, Span<byte> destination)
    {
        var complete = true;
        while (!destination.IsEmpty)
        {
            var part = destination[..(int)Math.Min((ulong)destination.Length, BankSize - (address & (BankSize - 1)))];
            var bank = FindBank(address);
            if (bank != null)
            {
                new ReadOnlySpan<byte>(bank + (address & (BankSize - 1)), part.Length).CopyTo(part);
            }
            else
            {
                var fill = ReadUntouched(address);
                part.Fill((byte)fill);
                complete &= IsUntouched(fill);
            }

            address += (ulong)part.Length;
            destination = destination[part.Length..];
        }

        return complete;
    }

    /// <summary>Writes bytes, of any alignment and length. Not atomic beyond each byte.</summary>
    /// <returns>False when a part is not RAM: that part is lost.</returns>
    public bool Write(ulong address, ReadOnlySpan<byte> source)
    {
        var complete = true;
        while (!source.IsEmpty)
        {
            var part = source[..(int)Math.Min((ulong)source.Length, FrameSize - (address & (FrameSize - 1)))];
            var bank = BankForWrite(address);
            if (bank != null)
            {
                Touch(bank, address);
                part.CopyTo(new Span<byte>(bank + (address & (BankSize - 1)), part.Length));
            }
            else
            {
                complete = false;
            }

            address += (ulong)part.Length;
            source = source[part.Length..];
        }

        return complete;
    }

    /// <summary>Zeroes a range. What was never touched stays untouched.</summary>
    public void Clear(ulong address, ulong length)
    {
        while (length > 0)
        {
            var part = Math.Min(length, FrameSize - (address & (FrameSize - 1)));
            var bank = FindBank(address);
            if (bank == null)
                part = Math.Min(length, BankSize - (address & (BankSize - 1)));
            else if (bank[TouchedOffset + FrameInBank(address)] != 0)
                NativeMemory.Clear(bank + (address & (BankSize - 1)), (nuint)part);
            address += part;
            length -= part;
        }
    }

    /// <summary>The owner of the frame that holds <paramref name="address"/>; <see cref="OwnerTag.None"/> where nothing was ever set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public OwnerTag OwnerOf(ulong address)
    {
        var bank = FindBank(address);
        return bank == null ? OwnerTag.None : new OwnerTag(Volatile.Read(ref ((int*)(bank + OwnersOffset))[FrameInBank(address)]));
    }

    /// <summary>Sets the owner of every frame that the range touches.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A part of the range is not RAM.</exception>
    public void SetOwner(ulong address, ulong length, OwnerTag owner)
    {
        if (!IsRam(address, length))
            throw new ArgumentOutOfRangeException(nameof(address), $"0x{address:x}+0x{length:x} is not RAM");
        for (var frame = address >> FrameShift; frame <= (address + length - 1) >> FrameShift; frame++)
        {
            var bank = BankForWrite(frame << FrameShift);
            Volatile.Write(ref ((int*)(bank + OwnersOffset))[FrameInBank(frame << FrameShift)], owner.Value);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_growth)
        {
            if (_regions == null)
                return;
            foreach (var address in _banks)
            {
                var bank = FindBank(address);
                for (var frame = 0; frame < FramesPerBank; frame++)
                {
                    if (bank[TouchedOffset + frame] != 0)
                        NativeMemory.Clear(bank + (frame * FrameSize), FrameSize);
                }

                NativeMemory.Clear(bank + OwnersOffset, BankBytes - OwnersOffset);
                s_banks.Return(bank);
                _regions[address >> RegionShift][(address >> BankShift) & (BanksPerRegion - 1)] = null;
            }

            foreach (var region in _banks.Select(address => address >> RegionShift).Distinct())
            {
                s_regions.Return(_regions[region]);
                _regions[region] = null;
            }

            s_roots.Return(_regions);
            _regions = null;
            _banks.Clear();
        }
    }

    // Whether that was RAM.
    internal static bool IsUntouched(ulong value) => value == 0;

    // What a read finds where there is no bank: zero, or all ones where there is no RAM.
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal ulong ReadUntouched(ulong address) => IsRam(address) ? 0 : ulong.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Touch(byte* bank, ulong address) => bank[TouchedOffset + FrameInBank(address)] = 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal byte* FindBank(ulong address)
    {
        var region = address >> RegionShift;
        if (region >= RegionCount)
            return null;
        var banks = _regions[region];
        return banks == null ? null : banks[(address >> BankShift) & (BanksPerRegion - 1)];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal byte* LookUpBank(ulong address) => FindBank(address);

    internal byte* BankForWrite(ulong address)
    {
        var bank = FindBank(address);
        return bank != null ? bank : Grow(address);
    }


    private static int FrameInBank(ulong address) => (int)(address >> FrameShift) & (FramesPerBank - 1);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private byte* Grow(ulong address)
    {
        if (!IsRam(address))
            return null;
        lock (_growth)
        {
            ObjectDisposedException.ThrowIf(_regions == null, this);
            var region = address >> RegionShift;
            if (_regions[region] == null)
                Volatile.Write(ref *(nint*)&_regions[region], (nint)s_regions.Rent());
            var slot = &_regions[region][(address >> BankShift) & (BanksPerRegion - 1)];
            if (*slot == null)
            {
                Volatile.Write(ref *(nint*)slot, (nint)s_banks.Rent());
                _banks.Add(address);
                Interlocked.Increment(ref _banksInUse);
            }

            return *slot;
        }
    }
}
