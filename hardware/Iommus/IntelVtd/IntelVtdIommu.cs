using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>A VT-d DMA remapping unit in legacy and scalable mode: second-level, first-level, nested and pass-through translation, context cache, PASID
/// cache and IOTLB with register and queued invalidation, fault recording, protected memory regions.</summary>
/// <remarks>Not modelled: interrupt remapping (writes to 0xfeexxxxx reach the interrupt controller unchanged), page requests, paging-structure caches,
/// the device's own TLB.</remarks>
public sealed class IntelVtdIommu : IIommu
{
    private const ulong InterruptBase = 0xfee0_0000;
    private const ulong InterruptMask = ~0xf_ffffUL;
    private const ulong ProtectedGranule = 0x20_0000;

    private readonly PhysicalMemory _memory;
    private readonly IntelVtdOptions _options;
    private readonly VtdTableReader _tables;
    private readonly VtdCaches _caches;
    private readonly VtdFaultRecorder _faults;
    private readonly VtdInvalidationQueue _queue;
    private readonly VtdWalkRules _secondRules;
    private readonly VtdWalkRules _firstRules;
    private readonly Iotlb _iotlb;
    private readonly bool _matchesSource;
    private readonly bool _cachingMode;
    private readonly Register _status;
    private readonly Register _rootRegister;
    private readonly Register[] _protected;
    private VtdRootTableAddress _root;
    private VtdTranslation _remembered;
    private ulong _rememberedKey = ulong.MaxValue;
    private ulong _rememberedGeneration;

    /// <summary>Makes a unit in its reset state: translation off.</summary>
    /// <param name="memory">The memory that it translates into and reads its tables from.</param>
    /// <param name="options">Capabilities and choices.</param>
    /// <param name="iotlb">Size and shape of the IOTLB.</param>
    public IntelVtdIommu(PhysicalMemory memory, IntelVtdOptions options, IotlbGeometry iotlb)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(options);
        _memory = memory;
        _options = options;
        var capability = options.Capability;
        var extended = options.ExtendedCapability;
        _tables = new VtdTableReader(memory, options);
        _caches = new VtdCaches(options, iotlb);
        _faults = new VtdFaultRecorder(options);
        _queue = new VtdInvalidationQueue(memory, options, _caches, _faults);
        _secondRules = new VtdWalkRules(options.HostWidth, capability.Superpages, extended.SnoopControl);
        _firstRules = new VtdWalkRules(options.HostWidth, capability.FirstLevelGigabytePages ? 2 : 1);
        _iotlb = _caches.Iotlb;
        _matchesSource = options.IotlbMatchesSource;
        _cachingMode = capability.CachingMode;
        Registers = new RegisterFile(options.Name, 0x1000);
        Registers.Add(IntelVtdRegisters.Version, 4, "VER", RegisterAccess.ReadOnly, reset: 0x10, fields: "7:4 major, 3:0 minor");
        Registers.Add(IntelVtdRegisters.Capability, 8, "CAP", RegisterAccess.ReadOnly, reset: capability.Raw);
        Registers.Add(IntelVtdRegisters.ExtendedCapability, 8, "ECAP", RegisterAccess.ReadOnly, reset: extended.Raw);
        Registers.Add(IntelVtdRegisters.GlobalCommand, 4, "GCMD", RegisterAccess.WriteOnly, fields: "31 TE, 30 SRTP, 27 WBF, 26 QIE, 25 IRE, 24 SIRTP, 23 CFI", onWrite: Command);
        _status = Registers.Add(IntelVtdRegisters.GlobalStatus, 4, "GSTS", RegisterAccess.ReadOnly, fields: "31 TES, 30 RTPS, 27 WBFS, 26 QIES, 25 IRES, 24 IRTPS, 23 CFIS");
        _rootRegister = Registers.Add(IntelVtdRegisters.RootTableAddress, 8, "RTADDR", fields: "63:12 root table, 11:10 TTM");
        Register context = null!;
        context = Registers.Add(IntelVtdRegisters.ContextCommand, 8, "CCMD", fields: "63 ICC, 62:61 CIRG, 60:59 CAIG, 33:32 FM, 31:16 SID, 15:0 DID", onWrite: value => CommandContext(context, new(value)));
        DeclareIotlb(extended.IotlbOffset);
        _protected = DeclareProtected(capability);
        _faults.Declare(Registers, capability, _queue.Run);
        if (extended.QueuedInvalidation)
            _queue.Declare(Registers);
        Registers.Add(IntelVtdRegisters.InterruptTableAddress, 8, "IRTA");
        Registers.Add(IntelVtdRegisters.PageRequestHead, 8, "PQH");
        Registers.Add(IntelVtdRegisters.PageRequestTail, 8, "PQT");
        Registers.Add(IntelVtdRegisters.PageRequestAddress, 8, "PQA");
        Registers.Add(IntelVtdRegisters.PageRequestStatus, 4, "PRS", RegisterAccess.WriteOneToClear);
        Registers.Add(IntelVtdRegisters.PageRequestEventControl, 4, "PECTL", reset: IntelVtdRegisters.InterruptMask);
    }

    /// <inheritdoc/>
    public string Name => _options.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb Iotlb => _iotlb;

    /// <inheritdoc/>
    public FaultLog Faults => _faults.Log;

    /// <inheritdoc/>
    public bool InterruptAsserted => _faults.InterruptAsserted;

    /// <summary>Faults that found no free record.</summary>
    public long FaultsLost => _faults.Lost;

    private bool TranslationEnabled => (_status.Value & IntelVtdRegisters.TranslationEnable) != 0;

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        completions = completions[..requests.Length];
        if (!TranslationEnabled)
        {
            for (var i = 0; i < requests.Length; i++)
                completions[i] = PassUnlessProtected(requests[i]);
            return;
        }

        const DmaAttributes special = DmaAttributes.Privileged | DmaAttributes.Instruction | DmaAttributes.TranslationRequest | DmaAttributes.Translated;
        for (var i = 0; i < requests.Length; i++)
        {
            ref readonly var request = ref requests[i];
            var iova = request.Iova.Value;
            if (_matchesSource && (request.Attributes & special) == 0 && (iova & InterruptMask) != InterruptBase)
            {
                ref readonly var entry = ref _iotlb.Find(SourceTag(request), iova);
                var needed = request.IsWrite ? PagePermissions.Write : PagePermissions.Read;
                if (!Unsafe.IsNullRef(in entry) && (entry.Permissions & (needed | PagePermissions.PrivilegedOnly)) == needed)
                {
                    completions[i] = new DmaCompletion(new PhysicalAddress(entry.Translate(iova)), DmaStatus.Completed, request.Tag);
                    continue;
                }

                completions[i] = Miss(request, in entry);
                continue;
            }

            completions[i] = Special(request);
        }
    }

    // Source id, and PASID for requests that carry one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong SourceTag(in DmaRequest request)
    {
        var tag = (ulong)(ushort)request.Stream.Value;
        return request.HasPasid ? tag | (1UL << 16) | ((ulong)request.Pasid << 17) : tag;
    }

    private static DmaCompletion Complete(in DmaRequest request, ulong address) => new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    private DmaCompletion Refuse(in DmaRequest request, ushort code, bool faultsDisabled)
    {
        if (!faultsDisabled)
            _faults.Record(request, code);
        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    private DmaCompletion PassUnlessProtected(in DmaRequest request)
    {
        var iova = request.Iova.Value;
        if (_protected.Length > 0 && (_protected[0].Value & IntelVtdRegisters.EnableProtectedMemory) != 0)
        {
            for (var i = 1; i < _protected.Length; i += 2)
            {
                if (iova >= (_protected[i].Value & ~(ProtectedGranule - 1)) && iova <= (_protected[i + 1].Value | (ProtectedGranule - 1)))
                    return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
            }
        }

        return Complete(request, iova);
    }

    // Everything that the first look at the IOTLB does not settle.
    private DmaCompletion Special(in DmaRequest request)
    {
        var iova = request.Iova.Value;
        var scalable = _root.Mode != 0;
        if ((iova & InterruptMask) == InterruptBase && !request.HasPasid)
        {
            return request.IsWrite && (request.Attributes & (DmaAttributes.Translated | DmaAttributes.TranslationRequest)) == 0
                ? Complete(request, iova)
                : Refuse(request, scalable ? VtdFaultCode.ScalableInterruptRange : VtdFaultCode.InterruptRange, faultsDisabled: false);
        }

        if ((request.Attributes & (DmaAttributes.Translated | DmaAttributes.TranslationRequest)) != 0)
        {
            ref readonly var translation = ref Resolve(request);
            if (translation.Kind == VtdTranslationKind.Refused)
                return Refuse(request, translation.Fault, translation.FaultsDisabled);
            if (!translation.DeviceTlb)
                return Refuse(request, scalable ? VtdFaultCode.DeviceTlbDisabled : VtdFaultCode.TranslationRequestBlocked, translation.FaultsDisabled);
            if ((request.Attributes & DmaAttributes.Translated) != 0)
                return Complete(request, iova);
        }

        ref readonly var entry = ref _iotlb.Find(_matchesSource ? SourceTag(request) : DomainTag(request), iova);
        if (!Unsafe.IsNullRef(in entry) && Denies(request, entry.Permissions, supervisorWrites: false) == 0)
            return Complete(request, entry.Translate(iova));
        return Miss(request, in entry);
    }

    private ulong DomainTag(in DmaRequest request)
    {
        ref readonly var translation = ref Resolve(request);
        return (1UL << 63) | VtdCaches.DomainTag(translation.Domain, translation.Pasid);
    }

    // 0 when the permissions allow the request, else the fault reason of first-level translation.
    private static ushort Denies(in DmaRequest request, PagePermissions permissions, bool supervisorWrites)
    {
        var privileged = (request.Attributes & DmaAttributes.Privileged) != 0;
        if (!privileged && (permissions & PagePermissions.PrivilegedOnly) != 0)
            return VtdFaultCode.UserNotAllowed;
        if (request.IsWrite)
            return (permissions & PagePermissions.Write) != 0 || (privileged && supervisorWrites) ? (ushort)0 : VtdFaultCode.FirstLevelNoWrite;
        if ((permissions & PagePermissions.Read) == 0)
            return VtdFaultCode.FirstLevelNoRead;
        return (request.Attributes & DmaAttributes.Instruction) != 0 && (permissions & PagePermissions.Execute) == 0 ? VtdFaultCode.NoExecute : (ushort)0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Miss(in DmaRequest request, ref readonly IotlbEntry stale)
    {
        // A second-level entry that lacks the permission answers as it is; a first-level one is looked up again, as its dirty bit may have to be set.
        if (!Unsafe.IsNullRef(in stale) && (stale.Flags & (VtdCaches.FirstLevelFlag | VtdCaches.NestedFlag)) == 0)
            return Refuse(request, SecondLevelDenial(request, (stale.Flags & VtdCaches.ScalableFlag) != 0), (stale.Flags & VtdCaches.FaultsDisabledFlag) != 0);
        ref readonly var translation = ref Resolve(request);
        switch (translation.Kind)
        {
            case VtdTranslationKind.PassThrough:
                return request.Iova.Value >> Width(translation.SecondLevels) != 0
                    ? Refuse(request, translation.Scalable ? VtdFaultCode.BeyondGuestWidth : VtdFaultCode.BeyondAddressWidth, translation.FaultsDisabled)
                    : Complete(request, request.Iova.Value);
            case VtdTranslationKind.SecondLevel:
                return WalkSecond(request, translation);
            case VtdTranslationKind.FirstLevel:
            case VtdTranslationKind.Nested:
                return WalkFirst(request, translation);
            default:
                return Refuse(request, translation.Fault, translation.FaultsDisabled);
        }
    }

    private static ushort SecondLevelDenial(in DmaRequest request, bool scalable) =>
        scalable ? VtdFaultCode.SecondLevelPermission : request.IsWrite ? VtdFaultCode.NoWrite : VtdFaultCode.NoRead;

    private int Width(int levels) => Math.Min(VtdEntry.Shift(levels + 1), _options.Capability.MaxGuestWidth);

    private DmaCompletion WalkSecond(in DmaRequest request, in VtdTranslation translation)
    {
        var iova = request.Iova.Value;
        if (iova >> Width(translation.SecondLevels) != 0)
            return Refuse(request, SecondLevelWidthFault(iova, translation.Scalable), translation.FaultsDisabled);
        VtdSecondLevelWalker.Walk(_memory, translation.SecondRoot, translation.SecondLevels, iova, _secondRules, out var walk);
        var fault = SecondLevelFault(request, translation, walk, iova);
        if (fault == 0)
        {
            Fill(request, translation, walk, 0);
            return Complete(request, walk.Translate(iova));
        }

        if (_cachingMode && walk.Status == WalkStatus.NotPresent)
        {
            walk.PageShift = 12;
            walk.Permissions = PagePermissions.None;
            Fill(request, translation, walk, 0);
        }

        return Refuse(request, fault, translation.FaultsDisabled);
    }

    private ushort SecondLevelWidthFault(ulong iova, bool scalable) =>
        !scalable ? VtdFaultCode.BeyondAddressWidth
        : iova >> _options.Capability.MaxGuestWidth != 0 ? VtdFaultCode.BeyondGuestWidth
        : VtdFaultCode.BeyondSecondLevelWidth;

    private static ushort SecondLevelFault(in DmaRequest request, in VtdTranslation translation, in WalkResult walk, ulong iova)
    {
        var scalable = translation.Scalable;
        switch (walk.Status)
        {
            case WalkStatus.Ok:
                var needed = request.IsWrite ? PagePermissions.Write : PagePermissions.Read;
                if ((walk.Permissions & needed) == 0)
                    return SecondLevelDenial(request, scalable);
                return (walk.Translate(iova) & InterruptMask) != InterruptBase ? (ushort)0
                    : scalable ? VtdFaultCode.ScalableInterruptRange : VtdFaultCode.InterruptRange;
            case WalkStatus.NotPresent:
                return SecondLevelDenial(request, scalable);
            case WalkStatus.InputSize:
                return scalable ? VtdFaultCode.BeyondSecondLevelWidth : VtdFaultCode.BeyondAddressWidth;
            case WalkStatus.Reserved:
                return scalable ? VtdFaultCode.SecondLevelReserved : VtdFaultCode.PagingEntryReserved;
            default:
                return scalable ? VtdFaultCode.SecondLevelAccess : VtdFaultCode.PagingEntryAccess;
        }
    }

    private DmaCompletion WalkFirst(in DmaRequest request, in VtdTranslation translation)
    {
        var iova = request.Iova.Value;
        if ((request.Attributes & DmaAttributes.Privileged) != 0 && !translation.Supervisor)
            return Refuse(request, VtdFaultCode.SupervisorDisabled, translation.FaultsDisabled);
        var nested = translation.Kind == VtdTranslationKind.Nested;
        WalkResult walk;
        if (nested)
        {
            var reader = new VtdNestedReader(_memory, translation.SecondRoot, translation.SecondLevels, _secondRules);
            VtdFirstLevelWalker.Walk(ref reader, translation.FirstRoot, translation.FirstLevels, iova, request.IsWrite, _firstRules, out walk);
        }
        else
        {
            var reader = new VtdDirectReader(_memory, marks: true);
            VtdFirstLevelWalker.Walk(ref reader, translation.FirstRoot, translation.FirstLevels, iova, request.IsWrite, _firstRules, out walk);
        }

        var fault = walk.Status switch
        {
            WalkStatus.Ok => Denies(request, walk.Permissions, supervisorWrites: !translation.WriteProtect),
            WalkStatus.InputSize => VtdFaultCode.NotCanonical,
            WalkStatus.NotPresent => VtdFaultCode.FirstLevelNotPresent,
            WalkStatus.Reserved => VtdFaultCode.FirstLevelReserved,
            _ when nested => VtdFaultCode.NestedFirstLevelRead,
            _ => walk.Level == translation.FirstLevels ? VtdFaultCode.FirstLevelTopAccess : VtdFaultCode.FirstLevelAccess,
        };
        if (fault != 0)
            return Refuse(request, fault, translation.FaultsDisabled);
        if (nested)
        {
            var middle = walk.Translate(iova);
            VtdSecondLevelWalker.Walk(_memory, translation.SecondRoot, translation.SecondLevels, middle, _secondRules, out var second);
            fault = SecondLevelFault(request, translation, second, middle);
            if (fault != 0)
                return Refuse(request, fault, translation.FaultsDisabled);

            // The cached page is the smaller of the two.
            walk.Permissions &= second.Permissions | ~(PagePermissions.Read | PagePermissions.Write);
            walk.PageShift = Math.Min(walk.PageShift, second.PageShift);
            walk.Output = second.Translate(middle) & ~((1UL << walk.PageShift) - 1);
        }
        else if ((walk.Translate(iova) & InterruptMask) == InterruptBase)
        {
            return Refuse(request, VtdFaultCode.ScalableInterruptRange, translation.FaultsDisabled);
        }

        // Until a write has set the dirty bit, writes must come back here.
        if (!request.IsWrite)
            walk.Permissions &= ~PagePermissions.Write;
        Fill(request, translation, walk, nested ? VtdCaches.NestedFlag : VtdCaches.FirstLevelFlag);
        return Complete(request, walk.Translate(iova));
    }

    private void Fill(in DmaRequest request, in VtdTranslation translation, in WalkResult walk, int flags)
    {
        _iotlb.Insert(new IotlbEntry
        {
            Tag = _matchesSource ? SourceTag(request) : (1UL << 63) | VtdCaches.DomainTag(translation.Domain, translation.Pasid),
            Domain = VtdCaches.DomainTag(translation.Domain, translation.Pasid),
            Iova = request.Iova.Value,
            Output = walk.Output,
            PageShift = walk.PageShift,
            Permissions = walk.Permissions,
            Flags = (ushort)(flags | (translation.Scalable ? VtdCaches.ScalableFlag : 0) | (translation.FaultsDisabled ? VtdCaches.FaultsDisabledFlag : 0)),
        });
    }

    // How a requester's addresses are translated: from the caches, else from the tables. Valid until the next call.
    private ref readonly VtdTranslation Resolve(in DmaRequest request)
    {
        var key = SourceTag(request);
        if (key == _rememberedKey && _rememberedGeneration == _caches.Generation && _options.ConfigurationCacheCapacity > 0)
            return ref _remembered;
        _remembered = Look(request);
        _rememberedKey = _remembered.Kind == VtdTranslationKind.Refused ? ulong.MaxValue : key;
        _rememberedGeneration = _caches.Generation;
        return ref _remembered;
    }

    private VtdTranslation Look(in DmaRequest request)
    {
        var source = (ushort)request.Stream.Value;
        ref var cached = ref _caches.FindContext(source);
        var context = Unsafe.IsNullRef(ref cached) ? ReadContext(source) : cached;
        if (!context.HasDirectory)
        {
            return request.HasPasid && !context.Translation.Scalable && context.Translation.Kind != VtdTranslationKind.Refused
                ? VtdTranslation.Refuse(VtdFaultCode.PasidInLegacyMode, context.Translation.FaultsDisabled)
                : context.Translation;
        }

        var pasid = request.HasPasid ? request.Pasid : context.Entry.RidPasid;
        ref var known = ref _caches.FindPasid(source, pasid);
        if (!Unsafe.IsNullRef(ref known))
            return known;
        var translation = _tables.ReadPasid(context.Entry, request.HasPasid ? request.Pasid : null);
        if (translation.Kind != VtdTranslationKind.Refused || _cachingMode)
            _caches.Keep(source, pasid, translation);
        return translation;
    }

    // What is not present is kept only in caching mode, under domain 0.
    private VtdContextRecord ReadContext(ushort source)
    {
        var context = _tables.ReadContext(_root, source);
        if (context.HasDirectory || context.Translation.Kind != VtdTranslationKind.Refused || _cachingMode)
            _caches.Keep(source, context);
        return context;
    }

    private void Command(ulong value)
    {
        var command = (uint)value;
        var status = (uint)_status.Value;
        if ((command & IntelVtdRegisters.SetRootTable) != 0)
        {
            _root = new VtdRootTableAddress(_rootRegister.Value);
            _rememberedKey = ulong.MaxValue;
            status |= IntelVtdRegisters.SetRootTable;
            if (_options.Capability.InvalidatesOnRootTable)
                _caches.InvalidateAll();
        }

        if ((command & IntelVtdRegisters.SetInterruptTable) != 0)
            status |= IntelVtdRegisters.SetInterruptTable;
        const uint levels = IntelVtdRegisters.TranslationEnable | IntelVtdRegisters.QueuedInvalidationEnable | IntelVtdRegisters.InterruptRemappingEnable | IntelVtdRegisters.CompatibilityInterrupts;
        _status.Value = (status & ~levels) | (command & levels);
        if (_options.ExtendedCapability.QueuedInvalidation)
            _queue.Enabled = (command & IntelVtdRegisters.QueuedInvalidationEnable) != 0;
    }

    // While the queue is on, the registers' invalidations are ignored.
    private void CommandContext(Register register, VtdContextCommand command)
    {
        if ((command.Raw & VtdContextCommand.Invalidate) == 0)
            return;
        if (!_queue.Enabled)
            _caches.InvalidateContext(command.Granularity, command.Domain, command.Source, command.FunctionMask);
        register.Value = command.Done().Raw;
    }

    private void DeclareIotlb(ulong offset)
    {
        var address = Registers.Add(offset, 8, "IVA", fields: "63:12 address, 6 IH, 5:0 AM");
        Register iotlb = null!;
        iotlb = Registers.Add(offset + 8, 8, "IOTLB", fields: "63 IVT, 61:60 IIRG, 58:57 IAIG, 49 DR, 48 DW, 47:32 DID", onWrite: value =>
        {
            var command = new VtdIotlbCommand(value);
            if ((value & VtdIotlbCommand.Invalidate) != 0)
                iotlb.Value = command.Done(!_queue.Enabled && InvalidateIotlb(command, address.Value)).Raw;
        });
    }

    private bool InvalidateIotlb(VtdIotlbCommand command, ulong address)
    {
        var mask = (int)address & 0x3f;
        switch (command.Granularity)
        {
            case VtdGranularity.Global:
                _caches.InvalidateIotlb(null);
                return true;
            case VtdGranularity.Domain:
                _caches.InvalidateIotlb(command.Domain);
                return true;
            case VtdGranularity.Narrow when _options.Capability.PageSelective && mask <= _options.Capability.MaxAddressMask:
                _caches.InvalidateIotlbPages(command.Domain, address & ~0xfffUL, mask);
                return true;
            default:
                return false;
        }
    }

    // The enable register, then base and limit of each region that the unit has.
    private Register[] DeclareProtected(VtdCapability capability)
    {
        if (!capability.ProtectedLow && !capability.ProtectedHigh)
            return [];
        Register enable = null!;
        enable = Registers.Add(IntelVtdRegisters.ProtectedMemoryEnable, 4, "PMEN", fields: "31 EPM, 0 PRS", onWrite: value =>
            enable.Value = (value & IntelVtdRegisters.EnableProtectedMemory) != 0 ? IntelVtdRegisters.EnableProtectedMemory | IntelVtdRegisters.ProtectedMemoryStatus : 0);
        var registers = new List<Register> { enable };
        if (capability.ProtectedLow)
        {
            registers.Add(Registers.Add(IntelVtdRegisters.ProtectedLowBase, 4, "PLMBASE"));
            registers.Add(Registers.Add(IntelVtdRegisters.ProtectedLowLimit, 4, "PLMLIMIT"));
        }

        if (capability.ProtectedHigh)
        {
            registers.Add(Registers.Add(IntelVtdRegisters.ProtectedHighBase, 8, "PHMBASE"));
            registers.Add(Registers.Add(IntelVtdRegisters.ProtectedHighLimit, 8, "PHMLIMIT"));
        }

        return [.. registers];
    }
}
