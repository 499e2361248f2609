using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>
/// The DMA translation of a machine's PCI functions. A function has one DMA address space: nothing, or the tables that an IOTA names, between a base and
/// a limit. A DMA that its tables refuse puts the function into the error state, in which it does nothing more until it is reset.
/// </summary>
/// <remarks>The stream of a request is the function ID. There are no PASIDs and no ATS: such attributes of a request are ignored. Source: Linux 6.1 and 6.12
/// arch/s390/pci, and what QEMU's hw/s390x does where Linux does not tell.</remarks>
public sealed class S390Iommu : IIommu
{
    private readonly S390Options _options;
    private readonly S390Walker _walker;
    private readonly Iotlb _tlb;
    private readonly Iotlb _shadow = new(IotlbGeometry.WithoutLimit);
    private readonly S390FunctionUnit[] _functions;
    private readonly Route[] _routes;
    private readonly Queue<S390ErrorEvent> _events = new(64);

    /// <summary>Makes the facility with all functions disabled.</summary>
    /// <param name="name">The instance's name.</param>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="options">The functions.</param>
    /// <exception cref="ArgumentException">Two functions have the same handle, or one has the enabled bit in it.</exception>
    public S390Iommu(string name, PhysicalMemory memory, S390Options options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(options);
        var handles = options.Functions.Select(function => function.Handle).ToArray();
        if (handles.Distinct().Count() != handles.Length || handles.Any(handle => (handle & S390Function.EnabledHandle) != 0))
            throw new ArgumentException("function handles must differ and leave bit 31 clear", nameof(options));
        _options = options;
        _walker = new S390Walker(memory, options.ZeroEntryIsInvalid);
        _tlb = new Iotlb(options.Iotlb);
        _functions = [.. options.Functions.Select((function, id) => new S390FunctionUnit((uint)id, function, options))];
        _routes = new Route[_functions.Length];
        Registers = new RegisterFile(name, S390Registers.WindowSize);
        for (var cpu = 0; cpu < S390Registers.Cpus; cpu++)
            _ = new S390InstructionWindow(this, cpu);
        AddEventReport();
    }

    private enum Routing : byte
    {
        Refused = 0,
        Translated,
        Direct,
    }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb? Iotlb => _tlb;

    /// <inheritdoc/>
    /// <remarks>The code is the PCI event code.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>DMAs that were refused without an event: the function is not enabled, in error, has no registered translation, or does not exist.</summary>
    public long SilentRefusals { get; private set; }

    /// <inheritdoc/>
    public bool InterruptAsserted => _events.Count > 0;

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(in requests[i]);
    }

    /// <summary>The state of a function.</summary>
    public S390FunctionState StateOf(StreamId function) => _functions[function.Value].State;

    internal S390FunctionUnit? Find(uint handle) =>
        Array.Find(_functions, function => function.State != S390FunctionState.Disabled && function.Handle == handle);

    internal S390FunctionUnit? FindById(uint id) => id < (uint)_functions.Length ? _functions[id] : null;

    internal S390Result Modify(uint handle, S390Operation operation, S390Fib fib)
    {
        if (Find(handle) is not { } function)
            return S390Result.NoSuchHandle;
        var result = function.Modify(operation, fib);
        if (operation is S390Operation.DeregisterTranslation or S390Operation.ReregisterTranslation)
            Forget(function, 0, ulong.MaxValue);
        SetRoute(function);
        return result;
    }

    internal S390Result Refresh(uint handle, ulong address, ulong length)
    {
        if (Find(handle) is not { } function)
            return S390Result.NoSuchHandle;
        if (function.State == S390FunctionState.Error)
            return S390Result.Error(S390Status.NotAvailable);
        if (!function.IsRegistered)
            return FailRefresh(function, S390EventCode.InvalidAddressSpace, address);
        if (address > function.Registered.Limit || address + length < function.Registered.Base)
            return FailRefresh(function, S390EventCode.OutOfRange, address);
        if (length == 0)
            return S390Result.Done;
        Forget(function, address, address + (length - 1));
        var code = function.IsShadowed && function.Translates ? FillShadow(function, address, address + (length - 1)) : S390EventCode.None;
        return code == S390EventCode.None ? S390Result.Done : FailRefresh(function, code, address);
    }

    internal S390Result Call(uint command, S390FunctionUnit function)
    {
        switch (command)
        {
            case S390Registers.ClpQuery:
                return S390Result.Done;
            case S390Registers.ClpEnable when function.State == S390FunctionState.Disabled:
                function.State = S390FunctionState.Enabled;
                break;
            case S390Registers.ClpDisable when function.State != S390FunctionState.Disabled:
                function.Disable();
                Forget(function, 0, ulong.MaxValue);
                break;
            default:
                return S390Result.Error(S390Status.AlreadyInState);
        }

        SetRoute(function);
        return S390Result.Done;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request)
    {
        var id = request.Stream.Value;
        var iova = request.Iova.Value;
        var routes = _routes;
        if (id < (uint)routes.Length)
        {
            ref readonly var route = ref routes[id];
            if (route.Routing == Routing.Translated && iova - route.Base <= route.Span)
            {
                ref readonly var entry = ref route.Cache.Find(id, iova);
                if (!Unsafe.IsNullRef(in entry) && (entry.Permissions & Needed(request.Access)) != 0)
                    return new DmaCompletion(new PhysicalAddress(entry.Translate(iova)), DmaStatus.Completed, request.Tag);
                return Unsafe.IsNullRef(in entry) ? Walk(request) : Refuse(request, S390EventCode.TranslationProtection, FaultReason.PermissionDenied, 3);
            }
        }

        return TranslateNot(request);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion TranslateNot(in DmaRequest request)
    {
        var function = FindById(request.Stream.Value);
        if (function == null || function.State != S390FunctionState.Enabled || (!function.IsRegistered && !_options.UnregisteredRaisesEvent))
        {
            SilentRefusals++;
            return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
        }

        if (!function.IsRegistered)
            return Refuse(request, S390EventCode.InvalidAddressSpace, FaultReason.StreamBlocked, 0);
        var iova = request.Iova.Value;
        if (iova < function.Registered.Base || iova > function.Registered.Limit)
            return Refuse(request, S390EventCode.OutOfRange, FaultReason.AddressSize, 0);
        return new DmaCompletion(new PhysicalAddress(iova - function.Description.Start), DmaStatus.Completed, request.Tag);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Walk(in DmaRequest request)
    {
        var function = _functions[request.Stream.Value];
        if (function.IsShadowed)
            return Refuse(request, S390EventCode.TranslationProtection, FaultReason.NotPresent, 3);
        var code = _walker.Walk(function.Registered.Iota & S390Format.TableOrigin, request.Iova.Value, out var walk);
        if (code != S390EventCode.None)
            return Refuse(request, code, Reason(walk.Status), walk.Level);
        Insert(_tlb, function, request.Iova.Value, walk);
        if ((walk.Permissions & Needed(request.Access)) == 0)
            return Refuse(request, S390EventCode.TranslationProtection, FaultReason.PermissionDenied, walk.Level);
        return new DmaCompletion(new PhysicalAddress(walk.Translate(request.Iova.Value)), DmaStatus.Completed, request.Tag);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Refuse(in DmaRequest request, S390EventCode code, FaultReason reason, int levels)
    {
        var function = _functions[request.Stream.Value];
        Fail(function, new S390ErrorEvent(function.Handle, function.Id, request.Iova.Value, code, request.IsWrite, levels));
        Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, reason, (ushort)code));
        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static PagePermissions Needed(DmaAccess access) => access == DmaAccess.Write ? PagePermissions.Write : PagePermissions.Read;

    private static FaultReason Reason(WalkStatus status) => status switch
    {
        WalkStatus.NotPresent => FaultReason.NotPresent,
        WalkStatus.InputSize => FaultReason.AddressSize,
        WalkStatus.ReadAbort => FaultReason.TableReadAbort,
        _ => FaultReason.TableEntryInvalid,
    };

    private static void Insert(Iotlb cache, S390FunctionUnit function, ulong iova, in WalkResult walk) => cache.Insert(new IotlbEntry
    {
        Tag = function.Id,
        Iova = iova,
        Output = walk.Output,
        PageShift = walk.PageShift,
        Permissions = walk.Permissions,
    });

    private S390Result FailRefresh(S390FunctionUnit function, S390EventCode code, ulong address)
    {
        Fail(function, new S390ErrorEvent(function.Handle, function.Id, address, code, false, 0));
        Faults.Add(new FaultRecord(new StreamId(function.Id), new Iova(address), DmaAccess.Read, FaultReason.CommandError, (ushort)code));
        return S390Result.Error(S390Status.InError);
    }

    private void Fail(S390FunctionUnit function, in S390ErrorEvent report)
    {
        function.State = S390FunctionState.Error;
        SetRoute(function);
        _events.Enqueue(report);
    }

    private void Forget(S390FunctionUnit function, ulong first, ulong last)
    {
        var range = new S390RefreshRange(function.Id, first, last);
        _tlb.Invalidate(range);
        _shadow.Invalidate(range);
    }

    // The hypervisor reads what the guest's tables hold now; what an absent table spans is left out at once.
    private S390EventCode FillShadow(S390FunctionUnit function, ulong first, ulong last)
    {
        var root = function.Registered.Iota & S390Format.TableOrigin;
        last = Math.Min(last, function.Registered.Limit);
        for (var iova = Math.Max(first, function.Registered.Base); iova <= last;)
        {
            var code = _walker.Walk(root, iova, out var walk);
            if (code == S390EventCode.None)
                Insert(_shadow, function, iova, walk);
            else if (walk.Status != WalkStatus.NotPresent)
                return code;
            var span = walk.Level == 1 ? S390Format.RegionShift : walk.Level == 2 ? S390Format.SegmentShift : S390Format.PageShift;
            iova = ((iova >> span) + 1) << span;
        }

        return S390EventCode.None;
    }

    private void SetRoute(S390FunctionUnit function)
    {
        var routing = function.State != S390FunctionState.Enabled || !function.IsRegistered ? Routing.Refused
            : function.Translates ? Routing.Translated : Routing.Direct;
        var (first, last) = (function.Registered.Base, function.Registered.Limit);
        _routes[function.Id] = new Route(routing, first, last - first, function.IsShadowed ? _shadow : _tlb);
    }

    private void AddEventReport()
    {
        Registers.Add(
            S390Registers.EventStatus, 4, "EVENT_STATUS", fields: "[0] an event is reported; write one to discard it", onRead: () => InterruptAsserted ? 1u : 0, onWrite: Discard);
        Add(S390Registers.EventCode, 4, "EVENT_CODE", "[15:0] PEC, [16] write, [19:17] levels walked", e => (ulong)e.Code | (e.IsWrite ? 1UL << 16 : 0) | ((ulong)e.Levels << 17));
        Add(S390Registers.EventHandle, 4, "EVENT_FH", "[31:0] function handle", e => e.Handle);
        Add(S390Registers.EventFunction, 4, "EVENT_FID", "[31:0] function ID", e => e.Function);
        Add(S390Registers.EventAddress, 8, "EVENT_ADDRESS", "[63:0] failing address", e => e.Address);

        void Add(ulong offset, int width, string name, string fields, Func<S390ErrorEvent, ulong> field) => Registers.Add(
            offset, width, name, RegisterAccess.ReadOnly, fields: fields, onRead: () => _events.TryPeek(out var e) ? field(e) : 0);

        void Discard(ulong written)
        {
            if ((written & 1) != 0)
                _events.TryDequeue(out _);
        }
    }

    private readonly record struct Route(Routing Routing, ulong Base, ulong Span, Iotlb Cache);
}
