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

    private ArmShortPageTable(PhysicalMemory memory, IFrameAllocator frames, ArmShortConfig config)
    {
        (_memory, _frames, Config) = (memory, frames, config);
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
        var mapped = 0UL;
        for (; count > 0; count--)
        {
            var result = Map(iova + mapped, physical + mapped, pageSize, protection, 1, Root, gather);
            if (result.Errno != Errno.None)
                return result with { Mapped = mapped };
            mapped += pageSize;
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

    private static uint Repeat(uint entry, int level)
    {
        if (level == 1)
            return entry | ArmShortEntry.Supersection;
        var (executeNever, tex) = (entry & ArmShortEntry.ExecuteNever(2), entry & ArmShortEntry.SmallTexMask);
        entry ^= executeNever | tex | ArmShortEntry.Page;
        return entry | (executeNever << 15) | (tex << ArmShortEntry.LargeTexShift) | ArmShortEntry.LargePage;
    }

    private static uint Single(uint entry, int level)
    {
        if (level == 1)
            return entry & ~ArmShortEntry.Supersection;
        var (executeNever, tex) = (entry & ArmShortEntry.LargeExecuteNever, entry & (ArmShortEntry.SmallTexMask << ArmShortEntry.LargeTexShift));
        entry ^= executeNever | tex | ArmShortEntry.LargePage;
        return entry | (executeNever >> 15) | (tex >> ArmShortEntry.LargeTexShift) | ArmShortEntry.Page;
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

    private MapResult Map(ulong iova, ulong physical, ulong size, Protection protection, int level, ulong table, InvalidationGather gather)
    {
        var at = EntryAddress(table, iova, level);
        var entries = size >> ArmShortEntry.Shift(level);
        if (entries > 0)
            return Place(iova, physical, protection, level, entries, at, gather);
        if (level == 2)
            return new MapResult(Errno.EINVAL, 0, 1);
        var entry = _memory.Read32(at);
        if (entry == 0)
        {
            if (AllocateTable(ArmShortEntry.Level2Bytes) is not { } next)
                return new MapResult(Errno.ENOMEM, 0);
            _memory.Write32(at, TableEntry(next));
            return Map(iova, physical, size, protection, 2, next, gather);
        }

        return ArmShortEntry.IsTable(entry, level)
            ? Map(iova, physical, size, protection, 2, AddressOf(entry, level), gather)
            : new MapResult(Errno.EEXIST, 0, 1);
    }

    private MapResult Place(ulong iova, ulong physical, Protection protection, int level, ulong entries, ulong at, InvalidationGather gather)
    {
        for (var i = 0UL; i < entries; i++)
        {
            var old = _memory.Read32(at + (i * 4));
            if (ArmShortEntry.IsTable(old, level))
            {
                // A table must go before a block takes its place.
                var reach = 1UL << ArmShortEntry.Shift(level);
                Unmap(iova + (i * reach), reach, level, at - (Index(iova, level) * 4), gather);
            }
            else if (old != 0)
            {
                return new MapResult(Errno.EEXIST, 0, 1);
            }
        }

        var entry = Encode(protection, level);
        if (entries > 1)
            entry = Repeat(entry, level);
        entry |= (uint)physical & (uint.MaxValue << ArmShortEntry.Shift(level));
        if (Has(ArmShortQuirks.MediaTek))
            entry |= ArmShortEntry.UpperBits(physical);
        Fill(at, entry, entries);
        return new MapResult(Errno.None, 0);
    }

    private ulong Unmap(ulong iova, ulong size, int level, ulong table, InvalidationGather gather)
    {
        if (level > 2)
            return 0;
        var at = EntryAddress(table, iova, level);
        var entries = size >> ArmShortEntry.Shift(level);
        Span<uint> old = stackalloc uint[ArmShortEntry.Repeats];
        var i = 0;
        do
        {
            old[i] = _memory.Read32(at + ((ulong)i * 4));
            if ((old[i] & ArmShortEntry.TypeMask) == 0)
                return 0;
        }
        while ((ulong)++i < entries);

        // One of sixteen alone: the others get entries of their own first.
        if (entries <= 1 && ArmShortEntry.IsRepeated(old[0], level))
            old[0] = SplitRepeated(iova, level, at, old[0], gather);
        if (entries > 0)
        {
            Fill(at, 0, entries);
            Forget(iova, level, old[..(int)entries], gather);
            return size;
        }

        if (level == 1 && !ArmShortEntry.IsTable(old[0], level))
            return SplitSection(iova, size, old[0], at, gather);
        return Unmap(iova, size, level + 1, AddressOf(old[0], level), gather);
    }

    private void Forget(ulong iova, int level, ReadOnlySpan<uint> old, InvalidationGather gather)
    {
        var reach = 1UL << ArmShortEntry.Shift(level);
        foreach (var entry in old)
        {
            if (ArmShortEntry.IsTable(entry, level))
            {
                gather.AddWalk(iova, reach, 1UL << ArmShortEntry.Shift(level + 1));
                _frames.Free(AddressOf(entry, level), ArmShortEntry.Level2Bytes);
            }
            else
            {
                gather.AddPage(iova, reach, reach);
            }

            iova += reach;
        }
    }

    private uint SplitRepeated(ulong iova, int level, ulong at, uint repeated, InvalidationGather gather)
    {
        var reach = 1u << ArmShortEntry.Shift(level);
        var first = at - (4 * (Index(iova, level) & (ArmShortEntry.Repeats - 1)));
        var entry = Single(repeated, level);
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
            entry = Repeat(entry, 2);
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
            _memory.Write32(at + (i * 4), entry);
    }
}
