using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>
/// The silicon of one IPMMU instance: an instance of Gen2, which has micro-TLBs and contexts, or a leaf (micro-TLBs) or the root (contexts, walker) of Gen3
/// and Gen4. A DMA comes in at a micro-TLB, which either does not translate or selects a context; the context has the table. A refused DMA is aborted, and its
/// cause and address are in the context's IMSTR and IMELAR.
/// </summary>
/// <remarks>
/// A leaf reaches the contexts of its root by wires. It has IMCTRs of its own, and translates where both are enabled. Memory attributes, ASIDs and the PMB (Gen2's
/// privileged mapping buffer) have no effect here. Neither PASIDs nor ATS exist: such attributes of a request are ignored.
/// </remarks>
public sealed class IpmmuVmsaIommu : IIommu
{
    private readonly PhysicalMemory _memory;
    private readonly IpmmuVmsaOptions _options;
    private readonly IpmmuVmsaIommu _root;
    private readonly IpmmuVmsaContext[] _contexts;
    private readonly Register[] _controls;
    private readonly Register[] _microTlbControls;
    private readonly Port[] _ports;
    private readonly Iotlb? _tlb;

    /// <summary>Makes an instance in its reset state: nothing is translated.</summary>
    /// <param name="name">The instance's name.</param>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="hardware">The generation.</param>
    /// <param name="options">What varies.</param>
    /// <param name="root">The root that this leaf belongs to; null for a root, and for Gen2.</param>
    public IpmmuVmsaIommu(string name, PhysicalMemory memory, IpmmuVmsaHardware hardware, IpmmuVmsaOptions options, IpmmuVmsaIommu? root = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(options);
        if (root != null && !hardware.HasLeaves)
            throw new ArgumentException($"an IPMMU of {hardware.Name} has its own contexts, no root", nameof(root));
        Hardware = hardware;
        Registers = new RegisterFile(name, hardware.WindowSize);
        (_memory, _options, _root) = (memory, options, root ?? this);
        var indices = Enumerable.Range(0, hardware.Contexts);
        if (root == null)
        {
            _contexts = [.. indices.Select(index => new IpmmuVmsaContext(Registers, hardware, index, Flush))];
            _controls = [.. _contexts.Select(context => context.Control)];
        }
        else
        {
            _contexts = root._contexts;
            _controls = [.. indices.Select(index => Registers.Add(
                hardware.Context(index, IpmmuVmsaRegisters.Control), 4, $"IMCTR[{index}]", fields: "[2] INTEN, [1] FLUSH, [0] MMUEN", onWrite: value => Flush(index, (uint)value)))];
        }

        var isRootOfLeaves = hardware.HasLeaves && root == null;
        _tlb = isRootOfLeaves ? options.RootIotlb is { } geometry ? new Iotlb(geometry) : null : new Iotlb(options.Iotlb);
        _ports = new Port[isRootOfLeaves ? 0 : hardware.MicroTlbs];
        _microTlbControls = [.. Enumerable.Range(0, _ports.Length).Select(AddMicroTlb)];
    }

    /// <summary>The generation.</summary>
    public IpmmuVmsaHardware Hardware { get; }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    /// <remarks>All micro-TLBs of the instance together; of a root, its TLB if it has one.</remarks>
    public Iotlb? Iotlb => _tlb;

    /// <inheritdoc/>
    /// <remarks>Of the DMA that came in here; the registers are the root's. The code is what the fault alone sets in IMSTR.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>Refused DMAs of which no address was kept: IMSTR still held an earlier fault, or there is no such micro-TLB, or a disabled context refused in silence.</summary>
    public long UnrecordedFaults { get; private set; }

    /// <summary>DMAs at a micro-TLB that was enabled for a context that is not: software never means that.</summary>
    public long DisabledContextAccesses { get; private set; }

    /// <inheritdoc/>
    /// <remarks>The root's line: leaves have none of their own.</remarks>
    public bool InterruptAsserted
    {
        get
        {
            foreach (var context in _contexts)
            {
                if (context.InterruptAsserted)
                    return true;
            }

            return false;
        }
    }

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(in requests[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request)
    {
        var number = request.Stream.Value;
        var ports = _ports;
        if (number < (uint)ports.Length && ports[number].Context is { IsEnabled: true } context && ports[number].IsContextOpen)
        {
            ref readonly var entry = ref _tlb!.Find(number, request.Iova.Value);
            if (Unsafe.IsNullRef(in entry))
                return Walk(request, context);
            if (request.IsAllowedBy(entry.Permissions))
                return Complete(request, entry.Translate(request.Iova.Value));
            return Refuse(request, context, IpmmuVmsaRegisters.PermissionFault | IpmmuVmsaRegisters.CodeAccess, 3 - ((entry.PageShift - 12) / 9), FaultReason.PermissionDenied);
        }

        return TranslateNot(request);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion TranslateNot(in DmaRequest request)
    {
        var number = request.Stream.Value;
        var passes = number < (uint)_ports.Length;
        if (passes && _ports[number].IsEnabled)
        {
            DisabledContextAccesses++;
            passes = _options.DisabledContextPasses;
        }

        if (passes)
            return Complete(request, request.Iova.Value);
        UnrecordedFaults++;
        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Walk(in DmaRequest request, IpmmuVmsaContext context)
    {
        var iova = request.Iova.Value;
        if (!context.IsTableValid)
            return Refuse(request, context, IpmmuVmsaRegisters.TranslationFault | IpmmuVmsaRegisters.CodeFormat, 0, FaultReason.ConfigurationInvalid);
        if (!_root.TryRecall(context, iova, out var page))
        {
            var reader = new NonSecureTableReader(_memory, context.Regime.StartLevel);
            ArmLpaeWalker.Walk<ArmLpaeStage1, NonSecureTableReader>(ref reader, context.Regime, iova, out var walk);
            if (reader.IsSecureAccess)
                return Refuse(request, context, IpmmuVmsaRegisters.PermissionFault | IpmmuVmsaRegisters.CodeSecure, walk.Level, FaultReason.PermissionDenied);
            if (walk.Status != WalkStatus.Ok)
                return Refuse(request, context, walk);
            page = new IotlbEntry { Tag = (ulong)context.Index, Domain = (ulong)context.Index, Iova = iova, Output = walk.Output, PageShift = walk.PageShift, Permissions = walk.Permissions };
            _root.Keep(page);
        }

        page.Tag = request.Stream.Value;
        _tlb!.Insert(page);
        return request.IsAllowedBy(page.Permissions)
            ? Complete(request, page.Translate(iova))
            : Refuse(request, context, IpmmuVmsaRegisters.PermissionFault | IpmmuVmsaRegisters.CodeAccess, 3 - ((page.PageShift - 12) / 9), FaultReason.PermissionDenied);
    }

    // The TLB of a root that has leaves; entries are looked up by context.
    private bool TryRecall(IpmmuVmsaContext context, ulong iova, out IotlbEntry page)
    {
        page = default;
        if (!Hardware.HasLeaves || _tlb == null)
            return false;
        ref readonly var entry = ref _tlb.Find((ulong)context.Index, iova);
        if (Unsafe.IsNullRef(in entry))
            return false;
        page = entry;
        return true;
    }

    private void Keep(in IotlbEntry page)
    {
        if (Hardware.HasLeaves)
            _tlb?.Insert(page);
    }

    private DmaCompletion Refuse(in DmaRequest request, IpmmuVmsaContext context, in WalkResult walk)
    {
        var (status, reason) = walk.Status switch
        {
            WalkStatus.ReadAbort => (IpmmuVmsaRegisters.WalkAbort, FaultReason.TableReadAbort),
            WalkStatus.NotPresent => (IpmmuVmsaRegisters.TranslationFault, FaultReason.NotPresent),
            WalkStatus.InputSize => (IpmmuVmsaRegisters.TranslationFault, FaultReason.AddressSize),
            WalkStatus.OutputSize => (IpmmuVmsaRegisters.TranslationFault | IpmmuVmsaRegisters.CodeFormat, FaultReason.AddressSize),
            _ => (IpmmuVmsaRegisters.TranslationFault | IpmmuVmsaRegisters.CodeFormat, FaultReason.TableEntryInvalid),
        };
        return Refuse(request, context, status, walk.Level, reason);
    }

    private DmaCompletion Refuse(in DmaRequest request, IpmmuVmsaContext context, uint status, int level, FaultReason reason)
    {
        var code = status | ((uint)level << IpmmuVmsaRegisters.LevelShift);
        if (context.Record(code, request.Iova.Value))
            Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, reason, (ushort)code));
        else
            UnrecordedFaults++;
        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static DmaCompletion Complete(in DmaRequest request, ulong address) => new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    private Register AddMicroTlb(int number)
    {
        var control = Registers.Add(
            Hardware.MicroTlb(number, IpmmuVmsaRegisters.MicroTlbControl), 4, $"IMUCTR[{number}]", fields: "[7:4] TTSEL, [1] FLUSH, [0] MMUEN", onWrite: value => Select(number, (uint)value));
        Registers.Add(Hardware.MicroTlb(number, IpmmuVmsaRegisters.MicroTlbAsid), 4, $"IMUASID[{number}]", fields: "[7:0] ASID");
        return control;
    }

    private void Select(int number, uint value)
    {
        var control = new MicroTlbControl(value);
        if (control.Flush)
        {
            _microTlbControls[number].Value &= ~MicroTlbControl.FlushBit;
            _tlb!.Invalidate(new MicroTlbEntries(number));
        }

        Route(number);
    }

    // IMCTR was written, here or in the context that is here.
    private void Flush(int context, uint value)
    {
        if ((value & IpmmuVmsaRegisters.Flush) != 0)
        {
            _controls[context].Value &= ~IpmmuVmsaRegisters.Flush;
            _tlb?.Invalidate(new ContextEntries(context));
        }

        for (var number = 0; number < _ports.Length; number++)
            Route(number);
    }

    private void Route(int number)
    {
        var control = new MicroTlbControl((uint)_microTlbControls[number].Value);
        var exists = control.Context < _contexts.Length;
        _ports[number] = new Port(
            control.Enabled,
            control.Enabled && exists ? _contexts[control.Context] : null,
            exists && (_controls[control.Context].Value & IpmmuVmsaRegisters.Enable) != 0);
    }

    // A micro-TLB, decoded. IsContextOpen: this instance's own IMCTR enables the context.
    private readonly record struct Port(bool IsEnabled, IpmmuVmsaContext? Context, bool IsContextOpen);
}
