using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Amd;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>
/// The silicon of one AMD IOMMU: a device table indexed by device ID, host (v1) and guest (v2) page tables, a command buffer and an event log.
/// Device table entries are cached by device ID, pages by DomainID and PASID; both stay until a command drops them.
/// </summary>
/// <remarks>Not modelled: interrupt remapping, page requests (PRI), guest APIC, and nested translation (GV=1 with Mode other than 0).
/// Source: AMD 48882 as Linux, QEMU and VirtualBox read it.</remarks>
public sealed class AmdViIommu : IIommu
{
    private const ulong InterruptRange = 0xfee;
    private const int MegabyteShift = 20;
    private const ulong NoDevice = ulong.MaxValue;

    private readonly PhysicalMemory _memory;
    private readonly AmdViIommuOptions _options;
    private readonly Register _deviceTable;
    private readonly Register _control;
    private readonly Register _exclusionBase;
    private readonly Register _exclusionLimit;
    private readonly Register _status;
    private readonly AmdViEventLog _events;
    private readonly AmdViCommandBuffer _commands;
    private readonly ConfigurationCache<AmdViDeviceState> _devices;
    private readonly Iotlb _iotlb;

    private AmdViControl _enabled;
    private AmdViDeviceState _lastState;
    private ulong _lastDevice = NoDevice;
    private uint _lastGeneration;

    /// <summary>Makes an IOMMU after reset: nothing is enabled, every DMA passes untranslated.</summary>
    public AmdViIommu(string name, PhysicalMemory memory, AmdViIommuOptions options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(options);
        Name = name;
        _memory = memory;
        _options = options;
        _iotlb = new Iotlb(options.Iotlb);
        _devices = new ConfigurationCache<AmdViDeviceState>(options.DeviceTableCacheCapacity);
        Registers = new RegisterFile(name, AmdViRegisters.WindowSize);
        _deviceTable = Registers.Add(AmdViRegisters.DeviceTableBase, 8, "DeviceTableBase", fields: "[51:12] address, [8:0] 4 KiB pages minus 1");
        _control = Registers.Add(AmdViRegisters.Control, 8, "Control", fields: "0 IommuEn, 2 EventLogEn, 3 EventIntEn, 4 ComWaitIntEn, 12 CmdBufEn, 16 GTEn", onWrite: WriteControl);
        _exclusionBase = Registers.Add(AmdViRegisters.ExclusionBase, 8, "ExclusionBase", fields: "[51:12] address, 0 enable, 1 all devices");
        _exclusionLimit = Registers.Add(AmdViRegisters.ExclusionLimit, 8, "ExclusionLimit", fields: "[51:12] last page");
        Registers.Add(AmdViRegisters.ExtendedFeatures, 8, "ExtendedFeatures", RegisterAccess.ReadOnly, options.Features.Raw);
        _status = Registers.Add(
            AmdViRegisters.Status, 8, "Status", RegisterAccess.WriteOneToClear, fields: "0 EventOverflow, 1 EventInt, 2 ComWaitInt, 3 EventLogRun, 4 CmdBufRun", onRead: ReadStatus);
        _events = new AmdViEventLog(memory, Registers, _status, options.FaultRecords);
        _commands = new AmdViCommandBuffer(memory, Registers, _status, _events, _iotlb, _devices, options);
        Registers.Add(AmdViRegisters.PprLogBase, 8, "PprLogBase");
        Registers.Add(AmdViRegisters.GaLogBase, 8, "GaLogBase");
        Registers.Add(AmdViRegisters.ExtendedFeatures2, 8, "ExtendedFeatures2", RegisterAccess.ReadOnly);
        Registers.Add(AmdViRegisters.PprHead, 8, "PprHead");
        Registers.Add(AmdViRegisters.PprTail, 8, "PprTail");
        Registers.Add(AmdViRegisters.GaHead, 8, "GaHead");
        Registers.Add(AmdViRegisters.GaTail, 8, "GaTail");
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb Iotlb => _iotlb;

    /// <inheritdoc/>
    public FaultLog Faults => _events.Faults;

    /// <summary>Events that the log did not take: off, stopped or full.</summary>
    public long LostEvents => _events.Lost;

    /// <inheritdoc/>
    public bool InterruptAsserted
    {
        get
        {
            var status = (AmdViStatus)_status.Value;
            return (_enabled[AmdViControl.EventInterrupt] && (status & (AmdViStatus.EventOverflow | AmdViStatus.EventInterrupt)) != 0)
                || (_enabled[AmdViControl.CompletionInterrupt] && (status & AmdViStatus.CompletionInterrupt) != 0);
        }
    }

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        completions = completions[..requests.Length];
        var (plain, tag, permissions) = (PlainDevice, _lastState.Tag, _lastState.Permissions | PagePermissions.PrivilegedOnly);
        for (var i = 0; i < requests.Length; i++)
        {
            ref readonly var request = ref requests[i];
            var iova = request.Iova.Value;
            if (request.Stream.Value != plain || request.Attributes != DmaAttributes.None || iova >> MegabyteShift == InterruptRange || IsSystemManagement(iova))
            {
                completions[i] = Answer(in request);
                (plain, tag, permissions) = (PlainDevice, _lastState.Tag, _lastState.Permissions | PagePermissions.PrivilegedOnly);
                continue;
            }

            ref readonly var entry = ref _iotlb.Find(tag, iova);
            var needed = (PagePermissions)(1 << (int)request.Access);
            completions[i] = !Unsafe.IsNullRef(in entry) && (entry.Permissions & permissions & (needed | PagePermissions.PrivilegedOnly)) == needed
                ? new DmaCompletion(new PhysicalAddress(entry.Translate(iova)), DmaStatus.Completed, request.Tag)
                : MissOrFault(in request, in entry);
        }
    }

    /// <summary>The tag of cached pages of a host page table.</summary>
    internal static ulong HostTag(ushort domain) => domain;

    /// <summary>The tag of cached pages of a PASID.</summary>
    internal static ulong GuestTag(ushort domain, uint pasid) => domain | ((ulong)pasid << 16) | (1UL << 40);

    // The device whose ordinary requests need no more than a look into the IOTLB: a device's requests mostly come in runs.
    private ulong PlainDevice =>
        _enabled[AmdViControl.Enable] && !_options.TagsPagesByDevice && _devices.Generation == _lastGeneration && _lastState.IsPaging && (_exclusionBase.Value & 1) == 0
            ? _lastDevice : NoDevice;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Answer(in DmaRequest request) => Completion(in request, Translate(in request, out var output), output);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion MissOrFault(in DmaRequest request, ref readonly IotlbEntry cached)
    {
        var output = 0UL;
        var completed = Unsafe.IsNullRef(in cached)
            ? Miss(in request, in _lastState, _lastState.Tag, 0, out output)
            : _events.Fault(in request, _lastState.Entry, WalkStatus.Ok, FaultReason.PermissionDenied);
        return Completion(in request, completed, output);
    }

    private static DmaCompletion Completion(in DmaRequest request, bool completed, ulong output) =>
        completed ? new DmaCompletion(new PhysicalAddress(output), DmaStatus.Completed, request.Tag) : new DmaCompletion(default, DmaStatus.Aborted, request.Tag);

    private bool Translate(in DmaRequest request, out ulong output)
    {
        var iova = request.Iova.Value;
        output = iova;
        if (!_enabled[AmdViControl.Enable] || iova >> MegabyteShift == InterruptRange)
            return true;
        if (_options.TagsPagesByDevice)
            return TranslateByDevice(in request, out output);
        var isLast = request.Stream.Value == _lastDevice && _devices.Generation == _lastGeneration;
        return (isLast || FindDevice(in request)) && TranslateSlowly(in request, out output);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Allows(PagePermissions permissions, DmaAccess access) =>
        (permissions & (access == DmaAccess.Write ? PagePermissions.Write : PagePermissions.Read)) != 0;

    // Cached pages found by device: a page used before stays reachable whatever the device table says by now.
    private bool TranslateByDevice(in DmaRequest request, out ulong output)
    {
        var iova = request.Iova.Value;
        output = iova;
        ref readonly var cached = ref _iotlb.Find(request.Stream.Value, iova);
        if (!Unsafe.IsNullRef(in cached) && Allows(cached.Permissions, request.Access))
        {
            output = cached.Translate(iova);
            return true;
        }

        if (!FindDevice(in request))
            return false;
        ref readonly var state = ref _lastState;
        if (state.Kind != AmdViTranslation.Host)
            return TranslateSlowly(in request, out output);
        if (!Walk(in request, in state, guest: false, 0, state.Permissions, out var walk))
            return false;
        if (!Allows(walk.Permissions, request.Access))
            return _events.Fault(in request, state.Entry, WalkStatus.Ok, FaultReason.PermissionDenied);
        Fill(request.Stream.Value, state.DomainId, iova, in walk);
        output = walk.Translate(iova);
        return true;
    }

    // Makes the device's entry the last one, from the cache or from memory.
    private bool FindDevice(in DmaRequest request)
    {
        _lastDevice = NoDevice;
        var device = request.Stream.Value;
        ref var cached = ref _devices.Find(device);
        if (!Unsafe.IsNullRef(ref cached))
        {
            Remember(device, cached);
            return true;
        }

        var size = ((_deviceTable.Value & 0x1ff) + 1) << 12;
        if ((device + 1UL) * AmdViDeviceTableEntry.Size > size)
            return _events.Refuse(in request, _options.BeyondDeviceTable, FaultReason.StreamUnknown, AmdViEventFlags.None, 0);
        var address = (_deviceTable.Value & AmdViRegisters.AddressMask) + (device * AmdViDeviceTableEntry.Size);
        if (!(_memory.TryRead64(address, out var word0) & _memory.TryRead64(address + 8, out var word1) & _memory.TryRead64(address + 16, out var word2)))
            return _events.Refuse(in request, AmdViEventCode.DeviceTableHardwareError, FaultReason.TableReadAbort, AmdViEventFlags.None, 0, address);
        var state = new AmdViDeviceState(new AmdViDeviceTableEntry(word0, word1, word2), _options.Features, _enabled[AmdViControl.GuestTranslation]);
        if (state.Kind == AmdViTranslation.Illegal)
            return _events.Refuse(in request, AmdViEventCode.IllegalDeviceTableEntry, FaultReason.ConfigurationInvalid, AmdViEventFlags.ReservedNotZero, 0);
        _devices.Insert(device, state);
        Remember(_options.DeviceTableCacheCapacity == 0 ? NoDevice : device, state);
        return true;
    }

    private void Remember(ulong device, in AmdViDeviceState state) => (_lastDevice, _lastState, _lastGeneration) = (device, state, _devices.Generation);

    private bool TranslateSlowly(in DmaRequest request, out ulong output)
    {
        var iova = request.Iova.Value;
        output = iova;
        ref readonly var state = ref _lastState;
        if (state.Kind == AmdViTranslation.None)
            return true;
        if ((request.Attributes & (DmaAttributes.Translated | DmaAttributes.TranslationRequest)) != 0)
        {
            if (!state.Entry.AtsAllowed)
                return _events.Refuse(in request, AmdViEventCode.InvalidDeviceRequest, FaultReason.RequestForbidden, AmdViEventFlags.None, state.DomainId);
            if ((request.Attributes & DmaAttributes.Translated) != 0)
                return true;
        }

        if (IsExcluded(iova, state.Entry.Exclusion))
            return true;
        if (IsSystemManagement(iova) && state.Entry.SystemManagement != 3)
        {
            // SysMgt 1 and 2 forward posted writes only.
            return (state.Entry.SystemManagement != 0 && request.IsWrite)
                || _events.Refuse(in request, AmdViEventCode.InvalidDeviceRequest, FaultReason.RequestForbidden, AmdViEventFlags.None, state.DomainId);
        }

        switch (state.Kind)
        {
            case AmdViTranslation.Invalid:
                return _options.LogsTranslationInvalid && _events.Fault(in request, state.Entry, WalkStatus.NotPresent, FaultReason.StreamBlocked);
            case AmdViTranslation.Identity when request.HasPasid:
                return _events.Fault(in request, state.Entry, WalkStatus.NotPresent, FaultReason.PasidUnknown);
            case AmdViTranslation.Identity:
                return Allows(state.Permissions, request.Access) || _events.Fault(in request, state.Entry, WalkStatus.Ok, IdentityReason(state.Permissions));
            default:
                return TranslatePage(in request, in state, out output);
        }
    }

    private bool IsSystemManagement(ulong iova) => iova >= _options.SystemManagementStart && iova <= _options.SystemManagementEnd;

    private bool IsExcluded(ulong iova, bool entryAllows) =>
        (_exclusionBase.Value & 1) != 0 && (entryAllows || (_exclusionBase.Value & 2) != 0)
        && iova >= (_exclusionBase.Value & AmdViRegisters.AddressMask) && iova <= ((_exclusionLimit.Value & AmdViRegisters.AddressMask) | 0xfff);

    private static FaultReason IdentityReason(PagePermissions permissions) =>
        (permissions & (PagePermissions.Read | PagePermissions.Write)) == 0 ? FaultReason.StreamBlocked : FaultReason.PermissionDenied;

    private bool TranslatePage(in DmaRequest request, in AmdViDeviceState state, out ulong output)
    {
        var iova = request.Iova.Value;
        output = 0;
        var guest = state.Kind == AmdViTranslation.Guest;
        if (guest && !request.HasPasid && !state.Entry.GuestIo)
        {
            // GV without GIoV: requests without PASID are the host's, and Mode=0 passes them.
            output = iova;
            return Allows(state.Permissions, request.Access) || _events.Fault(in request, state.Entry, WalkStatus.Ok, IdentityReason(state.Permissions));
        }

        if (!guest && request.HasPasid)
            return _events.Fault(in request, state.Entry, WalkStatus.NotPresent, FaultReason.PasidUnknown);
        var pasid = request.HasPasid ? request.Pasid : 0;
        var tag = guest ? GuestTag(state.DomainId, pasid) : HostTag(state.DomainId);
        ref readonly var cached = ref _iotlb.Find(tag, iova);
        if (!Unsafe.IsNullRef(in cached))
        {
            output = cached.Translate(iova);
            return Permits(cached.Permissions & Mask(state.Permissions), in request) || _events.Fault(in request, state.Entry, WalkStatus.Ok, FaultReason.PermissionDenied);
        }

        return Miss(in request, in state, tag, pasid, out output);
    }

    // A page that is not cached: kept is what the page table allows, and only when the request is.
    private bool Miss(in DmaRequest request, in AmdViDeviceState state, ulong tag, uint pasid, out ulong output)
    {
        output = 0;
        if (!Walk(in request, in state, state.Kind == AmdViTranslation.Guest, pasid, PagePermissions.Read | PagePermissions.Write, out var walk))
            return false;
        if (!Permits(walk.Permissions & Mask(state.Permissions), in request))
            return _events.Fault(in request, state.Entry, WalkStatus.Ok, FaultReason.PermissionDenied);
        Fill(tag, state.DomainId, request.Iova.Value, in walk);
        output = walk.Translate(request.Iova.Value);
        return true;
    }

    // A device table entry limits reads and writes only.
    private static PagePermissions Mask(PagePermissions permissions) => permissions | PagePermissions.Execute | PagePermissions.PrivilegedOnly;

    private static bool Permits(PagePermissions permissions, in DmaRequest request) =>
        Allows(permissions, request.Access)
        && ((request.Attributes & DmaAttributes.Instruction) == 0 || (permissions & PagePermissions.Execute) != 0)
        && ((permissions & PagePermissions.PrivilegedOnly) == 0 || (request.Attributes & DmaAttributes.Privileged) != 0);

    private bool Walk(in DmaRequest request, in AmdViDeviceState state, bool guest, uint pasid, PagePermissions permissions, out WalkResult walk)
    {
        var iova = request.Iova.Value;
        if (!guest)
        {
            AmdV1Walker.Walk(_memory, state.Root, state.Levels, iova, permissions, out walk);
        }
        else
        {
            walk = default;
            walk.Status = FindGuestTable(in state, pasid, out var root, ref walk.EntryAddress);
            if (walk.Status == WalkStatus.NotPresent)
                return _events.Fault(in request, state.Entry, WalkStatus.NotPresent, FaultReason.PasidUnknown);
            if (walk.Status == WalkStatus.Ok)
                AmdV2Walker.Walk(_memory, root, state.Entry.GuestLevels, iova, permissions, out walk);
        }

        switch (walk.Status)
        {
            case WalkStatus.Ok:
                return true;
            case WalkStatus.ReadAbort:
                return _events.Refuse(in request, AmdViEventCode.PageTableHardwareError, FaultReason.TableReadAbort, AmdViEventFlags.None, state.DomainId, walk.EntryAddress);
            default:
                return _events.Fault(in request, state.Entry, walk.Status, walk.Status switch
                {
                    WalkStatus.InputSize => FaultReason.AddressSize,
                    WalkStatus.Reserved => FaultReason.TableEntryInvalid,
                    _ => FaultReason.NotPresent,
                });
        }
    }

    // The GCR3 table: one to three levels of 512 entries indexed by the PASID; an entry is a page address with bit 0 set.
    private WalkStatus FindGuestTable(in AmdViDeviceState state, uint pasid, out ulong root, ref ulong entryAddress)
    {
        root = state.Entry.Gcr3Root;
        var level = state.Entry.Glx;
        if (pasid >> (9 * (level + 1)) != 0)
            return WalkStatus.NotPresent;
        for (; level >= 0; level--)
        {
            entryAddress = root + (((pasid >> (9 * level)) & 0x1ff) << 3);
            if (!_memory.TryRead64(entryAddress, out var entry))
                return WalkStatus.ReadAbort;
            if ((entry & 1) == 0)
                return WalkStatus.NotPresent;
            root = entry & AmdViRegisters.AddressMask;
        }

        return WalkStatus.Ok;
    }

    private void Fill(ulong tag, ushort domain, ulong iova, in WalkResult walk) => _iotlb.Insert(new IotlbEntry
    {
        Tag = tag,
        Domain = domain,
        Iova = iova,
        Output = walk.Output,
        PageShift = walk.PageShift,
        Permissions = walk.Permissions,
    });

    private ulong ReadStatus() => _status.Value
        | (_events.Running ? (ulong)AmdViStatus.EventLogRunning : 0) | (_commands.Running ? (ulong)AmdViStatus.CommandBufferRunning : 0);

    private void WriteControl(ulong value)
    {
        var before = _enabled;
        _enabled = new AmdViControl(value);
        _events.Enable(before[AmdViControl.EventLog], _enabled[AmdViControl.EventLog]);
        _commands.Enable(_enabled[AmdViControl.CommandBuffer], _enabled[AmdViControl.Enable]);
    }
}
