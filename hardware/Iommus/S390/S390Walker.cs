using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>The silicon's walk: region-third table, segment table, page table.</summary>
/// <remarks>Source: the translation formats as Linux's pci_dma.h and QEMU's hw/s390x/s390-pci-bus.c (table_translate) have them.</remarks>
public readonly struct S390Walker
{
    private readonly PhysicalMemory _memory;
    private readonly bool _zeroEntryIsInvalid;

    /// <summary>Makes a walker.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="zeroEntryIsInvalid">See <see cref="S390Options.ZeroEntryIsInvalid"/>.</param>
    public S390Walker(PhysicalMemory memory, bool zeroEntryIsInvalid) => (_memory, _zeroEntryIsInvalid) = (memory, zeroEntryIsInvalid);

    /// <summary>Walks.</summary>
    /// <param name="table">Origin of the region-third table.</param>
    /// <param name="iova">The address.</param>
    /// <param name="result">Level 1: the region-third entry was the last one read; 2: the segment entry; 3: the page-table entry.</param>
    /// <returns>The event code of a walk that failed.</returns>
    public S390EventCode Walk(ulong table, ulong iova, out WalkResult result)
    {
        result = default;
        result.PageShift = S390Format.PageShift;
        result.Permissions = PagePermissions.Read | PagePermissions.Write;
        if (iova >> S390Format.InputBits != 0)
        {
            result.Status = WalkStatus.InputSize;
            return S390EventCode.OutOfRange;
        }

        var code = ReadTableEntry(table, iova.Bits(41, 31), 1, S390Format.RegionThirdType, ref result);
        if (code != S390EventCode.None)
            return code;
        code = ReadTableEntry(result.Entry & S390Format.SegmentTableOrigin, iova.Bits(30, 20), 2, S390Format.SegmentType, ref result);
        if (code != S390EventCode.None)
            return code;
        code = Read(result.Entry & S390Format.PageTableOrigin, iova.Bits(19, 12), 3, ref result);
        if (code != S390EventCode.None)
            return code;
        if ((result.Entry & S390Format.PageInvalid) != 0)
            return Refuse(ref result, WalkStatus.NotPresent, S390EventCode.TranslationProtection);
        result.Output = result.Entry & S390Format.Frame;
        Protect(ref result);
        return S390EventCode.None;
    }

    private S390EventCode ReadTableEntry(ulong table, ulong index, sbyte level, ulong type, ref WalkResult result)
    {
        var code = Read(table, index, level, ref result);
        if (code != S390EventCode.None)
            return code;
        var entry = result.Entry;
        if (entry == 0 && _zeroEntryIsInvalid)
            return Refuse(ref result, WalkStatus.Reserved, S390EventCode.InvalidTableEntry);
        if ((entry & S390Format.Invalid) != 0)
            return Refuse(ref result, WalkStatus.NotPresent, S390EventCode.TranslationProtection);
        if (level == 1 && ((entry & S390Format.FullLength) != S390Format.FullLength || (entry & S390Format.Offset) != 0))
            return Refuse(ref result, WalkStatus.Reserved, S390EventCode.InvalidLengthOrOffset);
        if ((entry & S390Format.Type) != type)
            return Refuse(ref result, WalkStatus.Reserved, S390EventCode.WrongTableType);
        Protect(ref result);
        return S390EventCode.None;
    }

    private S390EventCode Read(ulong table, ulong index, sbyte level, ref WalkResult result)
    {
        result.Level = level;
        result.EntryAddress = table + (index * 8);
        if (!_memory.TryReadBigEndian64(result.EntryAddress, out result.Entry))
            return Refuse(ref result, WalkStatus.ReadAbort, S390EventCode.MachineError);
        result.Reads++;
        return S390EventCode.None;
    }

    private static void Protect(ref WalkResult result)
    {
        if ((result.Entry & S390Format.Protected) != 0)
            result.Permissions &= ~PagePermissions.Write;
    }

    private static S390EventCode Refuse(ref WalkResult result, WalkStatus status, S390EventCode code)
    {
        result.Status = status;
        return code;
    }
}
