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
    /// <summary>Start of the interrupt range.</summary>
    internal const ulong InterruptBase = 0xfee0_0000;

    /// <summary>The address bits that tell the interrupt range.</summary>
    internal const ulong InterruptMask = ~0xf_ffffUL;

    private readonly IntelVtdOptions _options;
    private readonly VtdConfiguration _configuration;
    private readonly VtdWalker _walker;
    private readonly VtdProtectedMemory _protected;
    private readonly VtdCaches _caches;
    private readonly VtdFaultRecorder _faults;
    private readonly VtdInvalidationQueue _queue;
    private readonly Iotlb _iotlb;
    private readonly bool _matchesSource;
    private readonly bool _cachingMode;
    private readonly Register _status;
    private readonly Register _rootRegister;

    /// <summary>Makes a unit in its reset state: translation off.</summary>
    /// <param name="memory">The memory that it translates into and reads its tables from.</param>
    /// <param name="options">Capabilities and choices.</param>
    /// <param name="iotlb">Size and shape of the IOTLB.</param>
    public IntelVtdIommu(PhysicalMemory memory, IntelVtdOptions options, IotlbGeometry iotlb)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        var capability = options.Capability;
        var extended = options.ExtendedCapability;
        _caches = new VtdCaches(options, iotlb);
        _configuration = new VtdConfiguration(new VtdTableReader(memory, options), _caches, options);
        _walker = new VtdWalker(memory, options);
        _faults = new VtdFaultRecorder(options);
        _queue = new VtdInvalidationQueue(memory, options, _caches, _faults);
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
        _protected = new VtdProtectedMemory(Registers, capability);
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
            TranslateWhileOff(requests, completions);
            return;
        }

        const DmaAttributes special = DmaAttributes.Privileged | DmaAttributes.Instruction | DmaAttributes.TranslationRequest | DmaAttributes.Translated;
        for (var i = 0; i < requests.Length; i++)
        {
            ref readonly var request = ref requests[i];
            var iova = request.Iova.Value;
            if (_matchesSource && (request.Attributes & special) == 0 && (iova & InterruptMask) != InterruptBase)
            {
                ref readonly var entry = ref _iotlb.Find(VtdConfiguration.SourceTag(request), iova);
                var needed = (PagePermissions)(1 << (int)request.Access);
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void TranslateWhileOff(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = _protected.Refuses(requests[i].Iova.Value) ? new DmaCompletion(default, DmaStatus.Aborted, requests[i].Tag) : Complete(requests[i], requests[i].Iova.Value);
    }

    private static DmaCompletion Complete(in DmaRequest request, ulong address) => new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    private DmaCompletion Refuse(in DmaRequest request, ushort code, bool faultsDisabled)
    {
        if (!faultsDisabled)
            _faults.Record(request, code);
        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    // Everything that the first look at the IOTLB does not settle.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Special(in DmaRequest request)
    {
        var iova = request.Iova.Value;
        var scalable = _configuration.Root.Mode != 0;
        if ((iova & InterruptMask) == InterruptBase && !request.HasPasid)
        {
            return request.IsWrite && (request.Attributes & (DmaAttributes.Translated | DmaAttributes.TranslationRequest)) == 0
                ? Complete(request, iova)
                : Refuse(request, scalable ? VtdFaultCode.ScalableInterruptRange : VtdFaultCode.InterruptRange, faultsDisabled: false);
        }

        if ((request.Attributes & (DmaAttributes.Translated | DmaAttributes.TranslationRequest)) != 0)
        {
            ref readonly var translation = ref _configuration.Resolve(request);
            if (translation.Kind == VtdTranslationKind.Refused)
                return Refuse(request, translation.Fault, translation.FaultsDisabled);
            if (!translation.DeviceTlb)
                return Refuse(request, scalable ? VtdFaultCode.DeviceTlbDisabled : VtdFaultCode.TranslationRequestBlocked, translation.FaultsDisabled);
            if ((request.Attributes & DmaAttributes.Translated) != 0)
                return Complete(request, iova);
        }

        ref readonly var entry = ref _iotlb.Find(_matchesSource ? VtdConfiguration.SourceTag(request) : DomainTag(request), iova);
        if (!Unsafe.IsNullRef(in entry) && VtdWalker.Denies(request, entry.Permissions, supervisorWrites: false) == 0)
            return Complete(request, entry.Translate(iova));
        return Miss(request, in entry);
    }

    private ulong DomainTag(in DmaRequest request)
    {
        ref readonly var translation = ref _configuration.Resolve(request);
        return (1UL << 63) | VtdCaches.DomainTag(translation.Domain, translation.Pasid);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Miss(in DmaRequest request, ref readonly IotlbEntry stale)
    {
        // A second-level entry that lacks the permission answers as it is; a first-level one is looked up again, as its dirty bit may have to be set.
        if (!Unsafe.IsNullRef(in stale) && (stale.Flags & (VtdCaches.FirstLevelFlag | VtdCaches.NestedFlag)) == 0)
            return Refuse(request, VtdWalker.SecondLevelDenial(request, (stale.Flags & VtdCaches.ScalableFlag) != 0), (stale.Flags & VtdCaches.FaultsDisabledFlag) != 0);
        ref readonly var translation = ref _configuration.Resolve(request);
        WalkResult walk;
        ushort fault;
        int flags;
        switch (translation.Kind)
        {
            case VtdTranslationKind.PassThrough:
                fault = _walker.PassThrough(request, translation);
                return fault == 0 ? Complete(request, request.Iova.Value) : Refuse(request, fault, translation.FaultsDisabled);
            case VtdTranslationKind.SecondLevel:
                fault = _walker.Second(request, translation, out walk);
                flags = 0;
                if (_cachingMode && walk.Status == WalkStatus.NotPresent)
                    Fill(request, translation, new WalkResult { PageShift = 12 }, flags);
                break;
            case VtdTranslationKind.FirstLevel:
            case VtdTranslationKind.Nested:
                fault = _walker.First(request, translation, out walk);
                flags = translation.Kind == VtdTranslationKind.Nested ? VtdCaches.NestedFlag : VtdCaches.FirstLevelFlag;
                break;
            default:
                return Refuse(request, translation.Fault, translation.FaultsDisabled);
        }

        if (fault != 0)
            return Refuse(request, fault, translation.FaultsDisabled);
        Fill(request, translation, walk, flags);
        return Complete(request, walk.Translate(request.Iova.Value));
    }

    private void Fill(in DmaRequest request, in VtdTranslation translation, in WalkResult walk, int flags)
    {
        _iotlb.Insert(new IotlbEntry
        {
            Tag = _matchesSource ? VtdConfiguration.SourceTag(request) : (1UL << 63) | VtdCaches.DomainTag(translation.Domain, translation.Pasid),
            Domain = VtdCaches.DomainTag(translation.Domain, translation.Pasid),
            Iova = request.Iova.Value,
            Output = walk.Output,
            PageShift = walk.PageShift,
            Permissions = walk.Permissions,
            Flags = (ushort)(flags | (translation.Scalable ? VtdCaches.ScalableFlag : 0) | (translation.FaultsDisabled ? VtdCaches.FaultsDisabledFlag : 0)),
        });
    }

    private void Command(ulong value)
    {
        var command = (uint)value;
        var status = (uint)_status.Value;
        if ((command & IntelVtdRegisters.SetRootTable) != 0)
        {
            _configuration.SetRoot(new VtdRootTableAddress(_rootRegister.Value));
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
}
