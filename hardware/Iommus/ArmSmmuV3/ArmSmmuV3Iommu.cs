using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>The silicon of an SMMUv3: stream tables, context descriptors, two stages of translation, command and event queues, stalls.</summary>
/// <remarks>
/// Source: Arm IHI 0070; Linux drivers/iommu/arm/arm-smmu-v3. Not modelled: the secure side, big-endian tables, hardware updates of the access flag
/// and the dirty state (HTTU), page requests from devices, attributes of memory accesses.
/// </remarks>
public sealed class ArmSmmuV3Iommu : IIommu
{
    internal const ulong GErrorInterrupt = 1;

    internal const ulong EvtqInterrupt = 4;

    private const DmaAttributes Ats = DmaAttributes.TranslationRequest | DmaAttributes.Translated;
    private readonly PhysicalMemory _memory;
    private readonly ArmSmmuV3Options _options;
    private readonly Iotlb _iotlb;
    private readonly StreamConfigurations _configurations;
    private readonly GlobalErrorRegisters _errors;
    private readonly CommandQueue _commands;
    private readonly EventQueue _events;
    private readonly PageRequestQueue _pageRequests;
    private readonly StallBuffer _stalls;
    private readonly Register _control0Acknowledge;
    private readonly Register _control2;
    private readonly Register _globalBypass;
    private readonly Register _interrupts;
    private GlobalBypass _gbpa;
    private Control0 _control0;
    private bool _hasGlobalEntries;
    private int _retriedTag = -1;

    /// <summary>Makes an SMMU in reset.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="memory">The memory.</param>
    /// <param name="options">What it implements.</param>
    /// <exception cref="ArgumentException">The options ask for what is not modelled.</exception>
    public ArmSmmuV3Iommu(string name, PhysicalMemory memory, ArmSmmuV3Options options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        Name = name;
        _memory = memory;
        _options = options;
        _iotlb = new Iotlb(options.Iotlb);
        _stalls = new StallBuffer(options.StallModel == StallModel.TerminateOnly ? 0 : options.StallMax);
        var file = new RegisterFile(name, ArmSmmuV3Registers.WindowSize);
        Registers = file;
        options.Declare(file);
        const string Enables = "SMMUEN 0, PRIQEN 1, EVTQEN 2, CMDQEN 3, ATSCHK 4";
        file.Add(ArmSmmuV3Registers.Cr0, 4, "CR0", fields: Enables, onWrite: OnControl0);
        _control0Acknowledge = file.Add(ArmSmmuV3Registers.Cr0Ack, 4, "CR0ACK", RegisterAccess.ReadOnly, fields: Enables);
        file.Add(ArmSmmuV3Registers.Cr1, 4, "CR1", fields: "QUEUE_IC 1:0, QUEUE_OC 3:2, QUEUE_SH 5:4, TABLE_IC 7:6, TABLE_OC 9:8, TABLE_SH 11:10");
        _control2 = file.Add(ArmSmmuV3Registers.Cr2, 4, "CR2", fields: "E2H 0, RECINVSID 1, PTM 2");
        _gbpa = new GlobalBypass(options.GbpaReset & ~GlobalBypass.Update);
        _globalBypass = file.Add(ArmSmmuV3Registers.Gbpa, 4, "GBPA", reset: _gbpa.Raw, fields: "ABORT 20, UPDATE 31", onWrite: OnGlobalBypass);
        Register? acknowledge = null;
        _interrupts = file.Add(ArmSmmuV3Registers.IrqCtrl, 4, "IRQ_CTRL", fields: "GERROR 0, PRIQ 1, EVTQ 2", onWrite: value => acknowledge!.Value = value & 7);
        acknowledge = file.Add(ArmSmmuV3Registers.IrqCtrlAck, 4, "IRQ_CTRLACK", RegisterAccess.ReadOnly, fields: "GERROR 0, PRIQ 1, EVTQ 2");
        _errors = new GlobalErrorRegisters(memory, file, _interrupts, () => _commands!.Consume());
        _configurations = new StreamConfigurations(memory, file, options, _control2, () => Has(Control0.SmmuEnable));
        _commands = new CommandQueue(
            memory, file, options, _errors, Faults, new CommandExecutor(memory, options, _iotlb, _configurations, _errors, _control2, Resume));
        _events = new EventQueue(memory, file, options, _errors, Faults, _interrupts, RetryWaiting);
        _pageRequests = new PageRequestQueue(memory, file);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb Iotlb => _iotlb;

    /// <inheritdoc/>
    public FaultLog Faults { get; } = new();

    /// <inheritdoc/>
    public bool InterruptAsserted =>
        ((_interrupts.Value & EvtqInterrupt) != 0 && _events.Pending) || ((_interrupts.Value & GErrorInterrupt) != 0 && _errors.Active != 0);

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        completions = completions[..requests.Length];
        ref readonly var context = ref _configurations.Last;
        var (plain, tag) = (PlainStream, context.Tag);
        for (var i = 0; i < requests.Length; i++)
        {
            ref readonly var request = ref requests[i];
            if (request.Stream.Value != plain || request.Attributes != DmaAttributes.None)
            {
                completions[i] = Answer(request);
                (plain, tag) = (PlainStream, context.Tag);
                continue;
            }

            ref readonly var entry = ref Find(context, tag, request.Iova.Value);
            var needed = (PagePermissions)(1 << (int)request.Access);
            completions[i] = !Unsafe.IsNullRef(in entry) && (entry.Permissions & (needed | PagePermissions.PrivilegedOnly)) == needed
                ? Complete(request, entry.Translate(request.Iova.Value))
                : WalkOrPermit(request, context, request.Iova.Value, in entry);
        }
    }

    /// <inheritdoc/>
    public int TakeResumed(Span<ResumedDma> resumed) => _stalls.Take(resumed);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static DmaCompletion Complete(in DmaRequest request, ulong address) =>
        new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    private static DmaCompletion Abort(in DmaRequest request) => new(default, DmaStatus.Aborted, request.Tag);

    private static bool IsTranslationRequest(in DmaRequest request) => (request.Attributes & DmaAttributes.TranslationRequest) != 0;

    // With the top byte ignored, an address is what it would be with a copy of bit 55 there.
    private static ulong Canonical(ulong address, in StreamContext context)
    {
        var ignored = (address & 1UL << 55) != 0 ? context.TopByteIgnored1 : context.TopByteIgnored0;
        return ignored ? (ulong)((long)(address << 8) >> 8) : address;
    }

    // What the permissions refuse, or None. Stage 1 refuses before stage 2 is asked.
    private static EventCode Judge(in DmaRequest request, in StreamContext context, PagePermissions permissions, IotlbFlags flags, out bool stage2)
    {
        var (needed, refused) = request.IsWrite ? (PagePermissions.Write, flags.Stage2RefusesWrite)
            : (request.Attributes & DmaAttributes.Instruction) != 0 ? (PagePermissions.Execute, flags.Stage2RefusesExecute)
            : (PagePermissions.Read, flags.Stage2RefusesRead);
        stage2 = false;
        if ((permissions & PagePermissions.PrivilegedOnly) != 0 && !context.AlwaysPrivileged && (request.Attributes & DmaAttributes.Privileged) == 0)
            return EventCode.Permission;
        stage2 = refused;
        return (permissions & needed) != 0 ? EventCode.None : EventCode.Permission;
    }

    private bool Has(Control0 bit) => (_control0 & bit) != 0;

    // The stream whose ordinary requests need no more than a look into the IOTLB: a device's requests mostly come in runs.
    private ulong PlainStream => Has(Control0.SmmuEnable) && _configurations.Last is { Action: StreamAction.Translate, TopByteIgnored0: false, TopByteIgnored1: false }
        ? _configurations.LastKey : StreamConfigurations.NoKey;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Answer(in DmaRequest request)
    {
        if (!Has(Control0.SmmuEnable))
            return TranslateWhileOff(request);
        if ((request.Attributes & Ats) != 0)
            return TranslateAts(request);
        ref readonly var context = ref _configurations.Find(StreamConfigurations.KeyOf(request), out var fault);
        if (fault.Code != EventCode.None)
            return Refuse(request, context, fault);
        if (context.Action != StreamAction.Translate)
            return PassOrAbort(request, context);
        var address = Canonical(request.Iova.Value, context);
        return WalkOrPermit(request, context, address, in Find(context, context.Tag, address));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion WalkOrPermit(in DmaRequest request, in StreamContext context, ulong address, ref readonly IotlbEntry entry) =>
        Unsafe.IsNullRef(in entry) ? Walk(request, context, address) : Permit(request, context, address, entry);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref readonly IotlbEntry Find(in StreamContext context, ulong tag, ulong address)
    {
        ref readonly var entry = ref _iotlb.Find(tag, address);
        if (_hasGlobalEntries && Unsafe.IsNullRef(in entry) && context.Stage1)
            return ref _iotlb.Find(context.GlobalTag, address);
        return ref entry;
    }

    private DmaCompletion TranslateWhileOff(in DmaRequest request) =>
        _gbpa.Abort || (request.Attributes & Ats) != 0 || request.Iova.Value >> _options.OutputBits != 0
            ? Abort(request)
            : Complete(request, request.Iova.Value);

    private DmaCompletion PassOrAbort(in DmaRequest request, in StreamContext context)
    {
        if (context.Action == StreamAction.Abort)
            return Abort(request);
        return request.Iova.Value >> _options.OutputBits == 0
            ? Complete(request, request.Iova.Value)
            : Refuse(request, context, new TranslationFault(EventCode.AddressSize, EventClass.Input));
    }

    private DmaCompletion Permit(in DmaRequest request, in StreamContext context, ulong address, in IotlbEntry entry)
    {
        var code = Judge(request, context, entry.Permissions, new IotlbFlags(entry.Flags), out var stage2);
        if (code == EventCode.None)
            return Complete(request, entry.Translate(address));
        var intermediate = entry.Domain | (address & (entry.PageSize - 1));
        return Refuse(request, context, new TranslationFault(code, EventClass.Input, stage2, stage2 ? intermediate : 0));
    }

    private DmaCompletion Walk(in DmaRequest request, in StreamContext context, ulong address)
    {
        if (!StageWalk.TryTranslate(_memory, context, address, out var page, out var fault))
            return Refuse(request, context, fault);
        var code = Judge(request, context, page.Permissions, page.Flags, out var stage2);
        if (code != EventCode.None)
            return Refuse(request, context, new TranslationFault(code, EventClass.Input, stage2, stage2 ? page.Intermediate : 0));
        _hasGlobalEntries |= page.Global;
        _iotlb.Insert(new IotlbEntry
        {
            Tag = page.Global ? context.GlobalTag : context.Tag,
            Domain = page.Intermediate & ~((1UL << page.PageShift) - 1),
            Iova = address,
            Output = page.Output,
            PageShift = page.PageShift,
            Permissions = page.Permissions,
            Flags = page.Flags.Raw,
        });
        return Complete(request, page.Output);
    }

    private DmaCompletion TranslateAts(in DmaRequest request)
    {
        var asksForTranslation = IsTranslationRequest(request);
        if (!asksForTranslation && !Has(Control0.AtsCheck))
            return Complete(request, request.Iova.Value);
        ref readonly var context = ref _configurations.Find(StreamConfigurations.KeyOf(request), out var fault);
        if (fault.Code != EventCode.None)
            return Refuse(request, context, fault);
        if (context.Action == StreamAction.Abort)
            return Abort(request);
        if (context.Action == StreamAction.Bypass || context.Ats == AtsMode.Abort)
            return Refuse(request, context, new TranslationFault(asksForTranslation ? EventCode.BadAtsTranslationRequest : EventCode.TranslatedForbidden));
        if (context.Ats == AtsMode.SplitStage)
            return TranslateSplitStage(request, context, asksForTranslation);
        if (!asksForTranslation)
            return Complete(request, request.Iova.Value);
        var address = Canonical(request.Iova.Value, context);
        return WalkOrPermit(request, context, address, in Find(context, context.Tag, address));
    }

    // The device is given intermediate addresses, and what it sends with them goes through stage 2. Such translations are not cached [model].
    private DmaCompletion TranslateSplitStage(in DmaRequest request, in StreamContext context, bool asksForTranslation)
    {
        var stage = context;
        stage.Stage1 = asksForTranslation;
        if (!StageWalk.TryTranslate(_memory, stage, request.Iova.Value, out var page, out var fault, intermediateOnly: asksForTranslation))
            return Refuse(request, context, fault);
        var code = Judge(request, context, page.Permissions, page.Flags, out var stage2);
        return code == EventCode.None
            ? Complete(request, page.Output)
            : Refuse(request, context, new TranslationFault(code, EventClass.Input, stage2, stage2 ? page.Intermediate : 0));
    }

    private DmaCompletion Refuse(in DmaRequest request, in StreamContext context, in TranslationFault fault)
    {
        var policy = FaultPolicy.Record;
        if (fault.Code is >= EventCode.Translation and <= EventCode.Permission && context.Action == StreamAction.Translate)
            policy = IsTranslationRequest(request) ? FaultPolicy.None : fault.Stage2 ? context.Stage2Faults : context.Stage1Faults;
        else if (fault.Code == EventCode.BadStreamId && ((Control2)_control2.Value & Control2.RecordInvalidStreamId) == 0)
            policy = FaultPolicy.None;
        if ((policy & FaultPolicy.Stall) != 0 && TryStall(request, fault))
            return new DmaCompletion(default, DmaStatus.Stalled, request.Tag);
        if ((policy & (FaultPolicy.Record | FaultPolicy.Stall)) != 0)
            _events.Write(fault.Describe(request));
        return Abort(request);
    }

    // A stalled request's event is never lost: while there is no room for it, the request waits, and is tried again when there is.
    private bool TryStall(in DmaRequest request, in TranslationFault fault)
    {
        var reported = _events.HasRoom;
        ushort tag;
        if (_retriedTag >= 0)
        {
            tag = (ushort)_retriedTag;
            _stalls.HoldAgain(tag, reported);
        }
        else if (!_stalls.TryHold(request, reported, out tag))
        {
            return false;
        }

        if (reported)
            _events.Write(fault.Describe(request) with { Stall = true, StallTag = tag });
        return true;
    }

    private void Resume(Command command)
    {
        if (command.Opcode == CommandOpcode.StallTerminate)
        {
            for (var tag = 0; tag < _stalls.Capacity; tag++)
            {
                if (_stalls.IsOf((ushort)tag, command.StreamId))
                    _stalls.Answer((ushort)tag, Abort(_stalls.Request((ushort)tag)));
            }
        }
        else if (_stalls.IsHeld(command.StallTag, command.StreamId))
        {
            if (command.Response == ResumeResponse.Retry)
                Retry(command.StallTag);
            else
                _stalls.Answer(command.StallTag, Abort(_stalls.Request(command.StallTag)));
        }
    }

    private void RetryWaiting()
    {
        for (var tag = 0; tag < _stalls.Capacity && _stalls.Waiting > 0 && _events.HasRoom; tag++)
        {
            if (_stalls.IsWaiting((ushort)tag))
                Retry((ushort)tag);
        }
    }

    private void Retry(ushort tag)
    {
        Span<DmaCompletion> completion = stackalloc DmaCompletion[1];
        _retriedTag = tag;
        Translate([_stalls.Request(tag)], completion);
        _retriedTag = -1;
        if (completion[0].Status != DmaStatus.Stalled)
            _stalls.Answer(tag, completion[0]);
    }

    private void OnControl0(ulong value)
    {
        _control0 = (Control0)value & Control0.All;
        _control0Acknowledge.Value = (ulong)_control0;
        _commands.Enabled = Has(Control0.CmdqEnable);
        _events.Enabled = Has(Control0.EvtqEnable);
        _pageRequests.Enabled = Has(Control0.PriqEnable);
        RetryWaiting();
        _commands.Consume();
    }

    private void OnGlobalBypass(ulong value)
    {
        if ((value & GlobalBypass.Update) != 0)
            _gbpa = new GlobalBypass((uint)value & ~GlobalBypass.Update);
        _globalBypass.Value = _gbpa.Raw;
    }
}
