using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Reads root, context and PASID tables from memory and checks what they say, in the order in which the silicon does.</summary>
/// <remarks>Source: VT-d specification as far as Linux states or relies on it; recorded cases. What is checked first decides which fault is recorded.</remarks>
public sealed class VtdTableReader
{
    private readonly PhysicalMemory _memory;
    private readonly VtdCapability _capability;
    private readonly VtdExtendedCapability _extended;
    private readonly ulong _beyondHost;

    /// <summary>Makes a reader.</summary>
    public VtdTableReader(PhysicalMemory memory, IntelVtdOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _memory = memory;
        _capability = options.Capability;
        _extended = options.ExtendedCapability;
        _beyondHost = ~((1UL << options.HostWidth) - 1);
    }

    /// <summary>Reads a requester's context entry.</summary>
    /// <param name="root">The root table in force.</param>
    /// <param name="source">The requester.</param>
    public VtdContextRecord ReadContext(VtdRootTableAddress root, ushort source) => root.Mode switch
    {
        0 => new VtdContextRecord { Translation = ReadLegacy(root.Address, source) },
        1 => ReadScalable(root.Address, source),
        _ => new VtdContextRecord { Translation = VtdTranslation.Refuse(VtdFaultCode.ScalableRootTableAddress) },
    };

    /// <summary>Reads the PASID entry of a requester in scalable mode.</summary>
    /// <param name="context">Its context entry.</param>
    /// <param name="requestPasid">The request's PASID; null for one without.</param>
    public VtdTranslation ReadPasid(in VtdScalableContextEntry context, uint? requestPasid)
    {
        if (requestPasid != null && (context.Low & VtdScalableContextEntry.PasidEnable) == 0)
            return Refuse(VtdFaultCode.PasidDisabled, context.FaultsDisabled);
        var pasid = requestPasid ?? context.RidPasid;
        if (pasid >= context.PasidLimit)
            return Refuse(requestPasid == null ? VtdFaultCode.RidPasidInvalid : VtdFaultCode.PasidTooBig, context.FaultsDisabled);
        if (!_memory.TryRead64(context.PasidDirectory + ((pasid >> 6) * 8UL), out var word))
            return Refuse(VtdFaultCode.PasidDirectoryAccess, context.FaultsDisabled);
        var directory = new VtdPasidDirectoryEntry(word);
        if (!directory.IsPresent)
            return Refuse(VtdFaultCode.PasidDirectoryNotPresent, directory.FaultsDisabled);
        if ((word & (VtdPasidDirectoryEntry.Reserved | _beyondHost)) != 0)
            return Refuse(VtdFaultCode.PasidDirectoryReserved, directory.FaultsDisabled);
        var address = directory.Table + ((pasid & 0x3f) * VtdPasidEntry.Size);
        if (!_memory.TryRead64(address, out var word0))
            return Refuse(VtdFaultCode.PasidEntryAccess, directory.FaultsDisabled);
        var entry = new VtdPasidEntry(word0, _memory.Read64(address + 8), _memory.Read64(address + 16));
        if (!entry.IsPresent)
            return Refuse(VtdFaultCode.PasidEntryNotPresent, entry.FaultsDisabled);
        if ((word0 & (VtdPasidEntry.Reserved | _beyondHost)) != 0 || (entry.Word2 & _beyondHost) != 0)
            return Refuse(VtdFaultCode.PasidEntryReserved, entry.FaultsDisabled);
        var kind = Kind(entry);
        if (kind == VtdTranslationKind.Refused)
            return Refuse(VtdFaultCode.PasidEntryInvalid, entry.FaultsDisabled);
        return new VtdTranslation
        {
            Kind = kind,
            Scalable = true,
            FaultsDisabled = entry.FaultsDisabled,
            DeviceTlb = (context.Low & VtdScalableContextEntry.DeviceTlbEnable) != 0,
            Supervisor = entry.AllowsSupervisor,
            WriteProtect = entry.WriteProtectEnable,
            ExecuteDisable = (entry.Word2 & VtdPasidEntry.NoExecuteEnable) != 0,
            Domain = entry.Domain,
            Pasid = pasid,
            SecondLevels = (byte)(entry.AddressWidth + 2),
            SecondRoot = entry.SecondLevelTable,
            FirstLevels = (byte)entry.FirstLevelLevels,
            FirstRoot = entry.FirstLevelTable,
        };
    }

    private static VtdTranslation Refuse(ushort fault, bool faultsDisabled) => VtdTranslation.Refuse(fault, faultsDisabled) with { Scalable = true };

    private VtdTranslationKind Kind(in VtdPasidEntry entry)
    {
        var second = Supports(entry.AddressWidth);
        var first = entry.FirstLevelLevels == 4 || (entry.FirstLevelLevels == 5 && _capability.FirstLevelFiveLevels);
        return entry.Type switch
        {
            VtdPasidTranslation.FirstLevel when _extended.FirstLevel && first => VtdTranslationKind.FirstLevel,
            VtdPasidTranslation.SecondLevel when second => VtdTranslationKind.SecondLevel,
            VtdPasidTranslation.Nested when _extended.Nested && first && second => VtdTranslationKind.Nested,
            VtdPasidTranslation.PassThrough when _extended.PassThrough => VtdTranslationKind.PassThrough,
            _ => VtdTranslationKind.Refused,
        };
    }

    private bool Supports(int addressWidth) => addressWidth is >= 1 and <= 3 && (_capability.AddressWidths >> addressWidth & 1) != 0;

    private VtdTranslation ReadLegacy(ulong rootTable, ushort source)
    {
        var address = rootTable + ((ulong)(source >> 8) * 16);
        if (!_memory.TryRead64(address, out var low))
            return VtdTranslation.Refuse(VtdFaultCode.RootTableAccess);
        var root = new VtdRootEntry(low);
        if (!root.IsPresent)
            return VtdTranslation.Refuse(VtdFaultCode.RootNotPresent);
        if ((low & (VtdRootEntry.Reserved | _beyondHost)) != 0 || _memory.Read64(address + 8) != 0)
            return VtdTranslation.Refuse(VtdFaultCode.RootReserved);
        address = root.ContextTable + ((source & 0xffUL) * 16);
        if (!_memory.TryRead64(address, out low))
            return VtdTranslation.Refuse(VtdFaultCode.ContextTableAccess);
        var entry = new VtdContextEntry(low, _memory.Read64(address + 8));
        if (!entry.IsPresent)
            return VtdTranslation.Refuse(VtdFaultCode.ContextNotPresent, entry.FaultsDisabled);
        if ((low & (VtdContextEntry.ReservedLow | _beyondHost)) != 0 || (entry.High & VtdContextEntry.ReservedHigh) != 0)
            return VtdTranslation.Refuse(VtdFaultCode.ContextReserved, entry.FaultsDisabled);
        var served = entry.Type switch
        {
            VtdTranslationType.SecondLevel => true,
            VtdTranslationType.DeviceTlb => _extended.DeviceTlb,
            VtdTranslationType.PassThrough => _extended.PassThrough,
            _ => false,
        };
        if (!served || !Supports(entry.AddressWidth))
            return VtdTranslation.Refuse(VtdFaultCode.ContextInvalid, entry.FaultsDisabled);
        return new VtdTranslation
        {
            Kind = entry.Type == VtdTranslationType.PassThrough ? VtdTranslationKind.PassThrough : VtdTranslationKind.SecondLevel,
            FaultsDisabled = entry.FaultsDisabled,
            DeviceTlb = entry.Type == VtdTranslationType.DeviceTlb,
            Domain = entry.Domain,
            SecondLevels = (byte)(entry.AddressWidth + 2),
            SecondRoot = entry.PageTable,
        };
    }

    private VtdContextRecord ReadScalable(ulong rootTable, ushort source)
    {
        var upper = (source & 0x80) != 0;
        if (!_memory.TryRead64(rootTable + ((ulong)(source >> 8) * 16) + (upper ? 8UL : 0), out var word))
            return Refused(VtdFaultCode.ScalableRootAccess);
        var root = new VtdRootEntry(word);
        if (!root.IsPresent)
            return Refused(VtdFaultCode.ScalableRootNotPresent);
        if ((word & (VtdRootEntry.Reserved | _beyondHost)) != 0)
            return Refused(VtdFaultCode.ScalableRootReserved);
        var address = root.ContextTable + ((source & 0x7fUL) * VtdScalableContextEntry.Size);
        if (!_memory.TryRead64(address, out var low))
            return Refused(VtdFaultCode.ScalableContextAccess);
        var entry = new VtdScalableContextEntry(low, _memory.Read64(address + 8));
        if (!entry.IsPresent)
            return Refused(VtdFaultCode.ScalableContextNotPresent, entry.FaultsDisabled);
        if ((low & (VtdScalableContextEntry.ReservedLow | _beyondHost)) != 0 || (entry.High & VtdScalableContextEntry.ReservedHigh) != 0)
            return Refused(VtdFaultCode.ScalableContextReserved, entry.FaultsDisabled);
        if ((low & VtdScalableContextEntry.DeviceTlbEnable) != 0 && !_extended.DeviceTlb)
            return Refused(VtdFaultCode.ScalableContextInvalid, entry.FaultsDisabled);
        return new VtdContextRecord { Entry = entry, HasDirectory = true };

        static VtdContextRecord Refused(ushort fault, bool faultsDisabled = false) => new() { Translation = Refuse(fault, faultsDisabled) };
    }
}
