using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.ArmShort;

/// <summary>The kernel's writer of Armv7 short descriptors, with MediaTek's extensions.</summary>
/// <remarks>
/// Source: Linux drivers/iommu/io-pgtable-arm-v7s.c; 6.1 and 6.12 write the same words. Oddities kept: unmapping a part of a section loses the section's
/// output address for the rest; a part of a supersection that is not its first section cannot be unmapped, but the supersection is split by the attempt; a map over tables has torn them down when it
/// then meets a leaf; read-only is the only permission apart from none.
/// </remarks>
public sealed class ArmShortPageTable : IPageTable
{
    /// <summary>PRRR: memory types 1 device, 4 and 7 normal.</summary>
    public const uint PrimaryRegionRemap = 0x800b_8204;

    /// <summary>NMRR: type 7 is write-back, write-allocate.</summary>
    public const uint NormalMemoryRemap = 0x4000_4000;

    private const uint BaseShareable = 1u << 1;
    private const uint BaseWriteBack = (1u << 5) | (1u << 6) | (1u << 3);

    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private BankCursor _upper;
    private BankCursor _leaves;

    private ArmShortPageTable(PhysicalMemory memory, IFrameAllocator frames, ArmShortConfig config)
    {
        (_memory, _frames, _upper, _leaves, Config) = (memory, frames, new BankCursor(memory), new BankCursor(memory), config);
        Root = AllocateTable(RootAllocation) ?? throw new DriverException(Errno.ENOMEM, "the first table lies where no register can point to");
    }

    /// <summary>What was asked for, with the page sizes that the format has.</summary>
    public ArmShortConfig Config { get; }

    /// <summary>Address of the first table.</summary>
    public ulong Root { get; private set; }

    /// <summary>Bytes of the first table: 16 KiB for 32 bits of input address.</summary>
    public ulong RootBytes => 4UL << (Config.InputBits - ArmShortEntry.SectionShift);

    /// <summary>Bytes that it takes: whole pages.</summary>
    public ulong RootAllocation => Math.Max(RootBytes, PhysicalMemory.FrameSize);

    /// <summary>TTBR0 for this table: the address and how walks are cached; MediaTek: the address's upper bits in bits 2:0.</summary>
    public uint TranslationTableBase => Has(ArmShortQuirks.MediaTek)
        ? (uint)Root | (uint)(Root >> 32)
        : (uint)Root | BaseShareable | (Config.CoherentWalk ? BaseWriteBack : 0);

    /// <inheritdoc/>
    public ulong PageSizeBitmap => Config.PageSizeBitmap;

    /// <inheritdoc/>
    public int InputBits => Config.InputBits;

    /// <summary>Makes an empty table.</summary>
    /// <returns>The table, or null when the format refuses the configuration.</returns>
    public static ArmShortPageTable? Create(PhysicalMemory memory, IFrameAllocator frames, ArmShortConfig config)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(config);
        var extended = (config.Quirks & ArmShortQuirks.MediaTek) != 0;
        var refused = config.InputBits > (extended ? 34 : 32)
            || config.OutputBits > (extended ? 35 : 32)
            || (extended && (config.Quirks & ArmShortQuirks.NoPermissions) == 0)
            || (!extended && (config.Quirks & ArmShortQuirks.MediaTekTables) != 0);
        return refused ? null : new ArmShortPageTable(memory, frames, config with { PageSizeBitmap = config.PageSizeBitmap & ArmShortConfig.PageSizes });
    }

    /// <inheritdoc/>
    /// <remarks>-ERANGE for addresses wider than the table's; -EINVAL without any access; -EEXIST where something is mapped; what the call mapped before stays.</remarks>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        if (iova >> Config.InputBits != 0 || physical >> Config.OutputBits != 0)
            return new MapResult(Errno.ERANGE, 0, 1);
        if ((protection & (Protection.Read | Protection.Write)) == 0)
            return new MapResult(Errno.EINVAL, 0);
        var (mapped, size) = (0UL, count * pageSize);
        while (mapped < size)
        {
            var result = MapInTable(iova + mapped, physical + mapped, pageSize, count, protection, gather);
            mapped += result.Mapped;
            if (result.Errno != Errno.None)
                return result with { Mapped = mapped };
            count -= result.Mapped / pageSize;
        }

        return new MapResult(Errno.None, mapped);
    }

    /// <inheritdoc/>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        if (iova >> Config.InputBits != 0)
            return 0;
        var unmapped = 0UL;
        for (; count > 0 && Unmap(iova + unmapped, pageSize, 1, Root, gather) != 0; count--)
            unmapped += pageSize;
        return unmapped;
    }

    /// <inheritdoc/>
    public ulong? Lookup(ulong iova)
    {
        var (level, table) = (1, Root);
        var entry = _memory.Read32(EntryAddress(table, iova, level));
        if (ArmShortEntry.IsTable(entry, level))
        {
            table = AddressOf(entry, level);
            entry = _memory.Read32(EntryAddress(table, iova, ++level));
        }

        if ((entry & ArmShortEntry.TypeMask) == 0)
            return null;
        return AddressOf(entry, level) | (iova & ~AddressMask(entry, level));
    }

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes) => _frames.Free(address, bytes);

    /// <inheritdoc/>
    public void Free()
    {
        for (var offset = 0UL; offset < RootBytes; offset += 4)
        {
            var entry = _memory.Read32(Root + offset);
            if (ArmShortEntry.IsTable(entry, 1))
                _frames.Free(AddressOf(entry, 1), ArmShortEntry.Level2Bytes);
        }

        _frames.Free(Root, RootAllocation);
    }

    private static uint AddressMask(uint entry, int level)
    {
        if (ArmShortEntry.IsTable(entry, level))
            return ArmShortEntry.TableMask;
        var mask = uint.MaxValue << ArmShortEntry.Shift(level);
        return ArmShortEntry.IsRepeated(entry, level) ? mask * ArmShortEntry.Repeats : mask;
    }

    private static Protection ProtectionOf(uint entry, int level)
    {
        var attributes = entry >> ArmShortEntry.AttributeShift(level);
        var protection = Protection.Read;
        if ((attributes & ArmShortEntry.ReadOnly) == 0)
            protection |= Protection.Write;
        if ((attributes & ArmShortEntry.Unprivileged) == 0)
            protection |= Protection.Privileged;
        if ((attributes & ArmShortEntry.TexMask) == 0)
            protection |= Protection.Mmio;
        else if ((entry & ArmShortEntry.Cacheable) != 0)
            protection |= Protection.Cache;
        return (entry & ArmShortEntry.ExecuteNever(level)) != 0 ? protection | Protection.NoExecute : protection;
    }

    private bool Has(ArmShortQuirks quirk) => (Config.Quirks & quirk) != 0;

    private uint Encode(Protection protection, int level)
    {
        var stored = !Has(ArmShortQuirks.NoPermissions);
        var device = (protection & Protection.Mmio) != 0;
        var attributes = ArmShortEntry.NotGlobal | ArmShortEntry.Shareable | (device ? 0 : ArmShortEntry.Tex1);
        if (stored)
        {
            attributes |= ArmShortEntry.AccessFlag
                | ((protection & Protection.Privileged) == 0 ? ArmShortEntry.Unprivileged : 0)
                | ((protection & Protection.Write) == 0 ? ArmShortEntry.ReadOnly : 0);
        }

        var entry = (attributes << ArmShortEntry.AttributeShift(level)) | ArmShortEntry.Page;
        if (stored && (protection & Protection.NoExecute) != 0)
            entry |= ArmShortEntry.ExecuteNever(level);
        if (device)
            entry |= ArmShortEntry.Bufferable;
        else if ((protection & Protection.Cache) != 0)
            entry |= ArmShortEntry.Bufferable | ArmShortEntry.Cacheable;
        return level == 1 && Has(ArmShortQuirks.NonSecure) ? entry | ArmShortEntry.NonSecureSection : entry;
    }

    private ulong AddressOf(uint entry, int level) => (entry & AddressMask(entry, level)) | (Has(ArmShortQuirks.MediaTek) ? ArmShortEntry.UpperAddress(entry) : 0);

    private ulong EntryAddress(ulong table, ulong iova, int level) => table + (Index(iova, level) * 4);

    private ulong Index(ulong iova, int level) =>
        (iova >> ArmShortEntry.Shift(level)) & ((1UL << (level == 1 ? Config.InputBits - ArmShortEntry.SectionShift : ArmShortEntry.Level2Bits)) - 1);

    // Null: the memory lies beyond what an entry or register can hold.
    private ulong? AllocateTable(ulong bytes)
    {
        var address = _frames.Allocate(bytes);
        if (address >> (Has(ArmShortQuirks.MediaTekTables) ? Config.OutputBits : 32) == 0)
            return address;
        _frames.Free(address, bytes);
        return null;
    }

    private uint TableEntry(ulong table)
    {
        var entry = ((uint)table & ArmShortEntry.TableMask) | ArmShortEntry.Table;
        if (Has(ArmShortQuirks.MediaTekTables))
            entry |= ArmShortEntry.UpperBits(table);
        return Has(ArmShortQuirks.NonSecure) ? entry | ArmShortEntry.NonSecureTable : entry;
    }

    // Pages that go to one table, or one that goes to the first.
    private MapResult MapInTable(ulong iova, ulong physical, ulong size, ulong count, Protection protection, InvalidationGather gather)
    {
        var (level, at) = (1, EntryAddress(Root, iova, 1));
        if (size >> ArmShortEntry.SectionShift == 0)
        {
            var entry = _upper.Read32(at);
            if (entry == 0)
            {
                if (AllocateTable(ArmShortEntry.Level2Bytes) is not { } table)
                    return new MapResult(Errno.ENOMEM, 0);
                entry = TableEntry(table);
                _upper.Write32(at, entry);
            }
            else if (!ArmShortEntry.IsTable(entry, 1))
            {
                return new MapResult(Errno.EEXIST, 0, 1);
            }

            (level, at) = (2, EntryAddress(AddressOf(entry, 1), iova, 2));
        }

        var entries = size >> ArmShortEntry.Shift(level);
        if (entries == 0)
            return new MapResult(Errno.EINVAL, 0, 1);
        var bits = Encode(protection, level);
        if (entries > 1)
            bits = ArmShortEntry.Repeat(bits, level);
        var here = level == 1 ? 1 : Math.Min(count, (ArmShortEntry.Level2Bytes - (at & (ArmShortEntry.Level2Bytes - 1))) / (4 * entries));
        for (var page = 0UL; page < here; page++, at += 4 * entries)
        {
            if (!MakeRoom(iova + (page * size), level, entries, at, gather))
                return new MapResult(Errno.EEXIST, page * size, 1);
            Fill(at, bits | OutputBits(physical + (page * size), level), entries);
        }

        return new MapResult(Errno.None, here * size);
    }

    private uint OutputBits(ulong physical, int level) =>
        ((uint)physical & (uint.MaxValue << ArmShortEntry.Shift(level))) | (Has(ArmShortQuirks.MediaTek) ? ArmShortEntry.UpperBits(physical) : 0);

    // False where something is mapped.
    private bool MakeRoom(ulong iova, int level, ulong entries, ulong at, InvalidationGather gather)
    {
        for (var i = 0UL; i < entries; i++)
        {
            var old = _leaves.Read32(at + (i * 4));
            if (old == 0)
                continue;
            if (!ArmShortEntry.IsTable(old, level))
                return false;

            // A table must go before a block takes its place.
            var reach = 1UL << ArmShortEntry.Shift(level);
            Unmap(iova + (i * reach), reach, level, at - (Index(iova, level) * 4), gather);
        }

        return true;
    }

    private ulong Unmap(ulong iova, ulong size, int level, ulong table, InvalidationGather gather)
    {
        for (; level <= 2; level++)
        {
            var at = EntryAddress(table, iova, level);
            var entries = size >> ArmShortEntry.Shift(level);
            if (entries > 1)
                return UnmapRepeated(iova, size, level, entries, at, gather);
            var old = level == 1 ? _upper.Read32(at) : _leaves.Read32(at);
            if ((old & ArmShortEntry.TypeMask) == 0)
                return 0;

            // One of sixteen alone: the others get entries of their own first.
            if (ArmShortEntry.IsRepeated(old, level))
                old = SplitRepeated(iova, level, at, old, gather);
            if (entries > 0)
            {
                _leaves.Write32(at, 0);
                Forget(iova, level, old, gather);
                return size;
            }

            if (level == 1 && !ArmShortEntry.IsTable(old, level))
                return SplitSection(iova, size, old, at, gather);
            table = AddressOf(old, level);
        }

        return 0;
    }

    private ulong UnmapRepeated(ulong iova, ulong size, int level, ulong entries, ulong at, InvalidationGather gather)
    {
        Span<uint> old = stackalloc uint[ArmShortEntry.Repeats];
        for (var i = 0; i < (int)entries; i++)
        {
            old[i] = _leaves.Read32(at + ((ulong)i * 4));
            if ((old[i] & ArmShortEntry.TypeMask) == 0)
                return 0;
        }

        Fill(at, 0, entries);
        foreach (var entry in old[..(int)entries])
        {
            Forget(iova, level, entry, gather);
            iova += 1UL << ArmShortEntry.Shift(level);
        }

        return size;
    }

    private void Forget(ulong iova, int level, uint entry, InvalidationGather gather)
    {
        var reach = 1UL << ArmShortEntry.Shift(level);
        if (ArmShortEntry.IsTable(entry, level))
        {
            gather.AddWalk(iova, reach, 1UL << ArmShortEntry.Shift(level + 1));
            _frames.Free(AddressOf(entry, level), ArmShortEntry.Level2Bytes);
        }
        else
        {
            gather.AddPage(iova, reach, reach);
        }
    }

    private uint SplitRepeated(ulong iova, int level, ulong at, uint repeated, InvalidationGather gather)
    {
        var reach = 1u << ArmShortEntry.Shift(level);
        var first = at - (4 * (Index(iova, level) & (ArmShortEntry.Repeats - 1)));
        var entry = ArmShortEntry.Single(repeated, level);
        for (var i = 0u; i < ArmShortEntry.Repeats; i++)
            _memory.Write32(first + (4 * i), entry + (i * reach));
        gather.AddWalk(iova, (ulong)reach * ArmShortEntry.Repeats, (ulong)reach * ArmShortEntry.Repeats);
        return entry;
    }

    // The rest of the section gets small or large pages - at output address 0 and up, because the kernel carries the attributes over but not the address.
    private ulong SplitSection(ulong iova, ulong size, uint section, ulong at, InvalidationGather gather)
    {
        if (AllocateTable(ArmShortEntry.Level2Bytes) is not { } table)
            return 0;
        var entries = size >> ArmShortEntry.SmallShift;
        var entry = Encode(ProtectionOf(section, 1), 2);
        if (entries > 1)
            entry = ArmShortEntry.Repeat(entry, 2);
        for (var i = 0UL; i < 1 << ArmShortEntry.Level2Bits; i += entries, entry += (uint)size)
        {
            if (i != Index(iova, 2))
                Fill(table + (i * 4), entry, entries);
        }

        // The kernel exchanges the entry for the one it split; that of another section than a supersection's first is not equal.
        if (_memory.Read32(at) != section)
        {
            _frames.Free(table, ArmShortEntry.Level2Bytes);
            return 0;
        }

        _memory.Write32(at, TableEntry(table));
        gather.AddPageAlways(iova, size, size);
        return size;
    }

    private void Fill(ulong at, uint entry, ulong entries)
    {
        for (var i = 0UL; i < entries; i++)
            _leaves.Write32(at + (i * 4), entry);
    }
}
