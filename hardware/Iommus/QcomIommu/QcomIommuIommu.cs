using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>
/// The silicon of one Qualcomm IOMMU as Linux sees it: context banks, like those of an SMMUv2, and nothing else. Stream n arrives at bank n, as firmware has routed it. A
/// bank translates by Arm's 32-bit long descriptors, through a TLB that all banks share and that is tagged by ASID; or it does not (SCTLR.M), and passes addresses through. A fault is recorded in FSR
/// and FAR, and stalls the transaction until RESUME or terminates it.
/// </summary>
/// <remarks>Neither PASIDs nor ATS exist here: such attributes of a request are ignored. Intermediate table entries are not cached.</remarks>
public sealed class QcomIommuIommu : IIommu
{
    private readonly QcomIommuOptions _options;
    private readonly Iotlb _tlb;
    private readonly QcomContextBank?[] _banks;
    private readonly HeldTransactions _held;
    private readonly Register? _interruptSelect;
    private bool _faulted;

    /// <summary>Makes an IOMMU in its reset state: no bank translates.</summary>
    /// <param name="name">The instance's name.</param>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="hardware">Its banks.</param>
    /// <param name="options">What no source states.</param>
    public QcomIommuIommu(string name, PhysicalMemory memory, QcomIommuHardware hardware, QcomIommuOptions options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(options);
        if (hardware.Banks is < 1 or > QcomIommuHardware.MaxBanks)
            throw new ArgumentException($"{hardware.Name} has 1 to {QcomIommuHardware.MaxBanks} banks, not {hardware.Banks}", nameof(hardware));
        ArgumentOutOfRangeException.ThrowIfNegative(options.StallCapacity, nameof(options));
        _options = options;
        _tlb = new Iotlb(options.Iotlb);
        _held = new HeldTransactions(options.StallCapacity);
        Registers = new RegisterFile(name, hardware.WindowSize);
        _banks = [null, .. Enumerable.Range(1, hardware.Banks).Select(number => new QcomContextBank(Registers, memory, number, hardware.IsProgrammable(number), this))];
        if (hardware.LocalBase is { } local)
            _interruptSelect = Registers.Add(local + QcomIommuRegisters.InterruptSelect, 4, "INTR_SEL_NS", fields: "banks whose interrupt is non-secure, a bit each");
    }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb Iotlb => _tlb;

    /// <inheritdoc/>
    /// <remarks>The code is a <see cref="QcomIommuFault"/>.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>Refused DMAs of which no address was kept: FSR still held an earlier fault, or there is no such bank, or firmware's bank refused in silence.</summary>
    public long UnrecordedFaults { get; private set; }

    /// <inheritdoc/>
    public bool InterruptAsserted
    {
        get
        {
            if (!_faulted)
                return false;
            var asserted = false;
            _faulted = false;
            for (var number = 1; number < _banks.Length; number++)
            {
                var bank = _banks[number]!;
                _faulted |= bank.HasFault;
                asserted |= bank.Interrupts && IsNonSecure(number);
            }

            return asserted;
        }
    }

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(in requests[i]);
    }

    /// <inheritdoc/>
    public int TakeResumed(Span<ResumedDma> resumed) => _held.Take(resumed);

    internal void Invalidate<TSelector>(TSelector selector)
        where TSelector : struct, IIotlbSelector => _tlb.Invalidate(selector);

    // The transaction that faulted is ended or tried again. Those that waited behind it are tried too, and may stall anew.
    internal void Resume(QcomContextBank bank, bool terminate)
    {
        if (!bank.IsStalled)
            return;
        bank.Unstall();
        for (var remaining = _held.Count; _held.TryRelease(bank.Number, remaining, out var request); remaining--)
        {
            var completion = terminate ? Abort(request) : Translate(request);
            terminate = false;
            if (completion.Status != DmaStatus.Stalled)
                _held.Answer(request, completion);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request)
    {
        var number = request.Stream.Value;
        var banks = _banks;
        if (number < (uint)banks.Length && banks[number] is { Translates: true, HoldsTransactions: false } bank)
        {
            ref readonly var entry = ref _tlb.Find(bank.Asid, request.Iova.Value);
            if (Unsafe.IsNullRef(in entry))
                return Walk(request, bank);
            return request.IsAllowedBy(entry.Permissions)
                ? Complete(request, entry.Translate(request.Iova.Value))
                : Refuse(request, bank, QcomIommuFault.Permission, 3 - ((entry.PageShift - 12) / 9), FaultReason.PermissionDenied);
        }

        return TranslateNot(request);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion TranslateNot(in DmaRequest request)
    {
        if (request.Stream.Value < (uint)_banks.Length && _banks[request.Stream.Value] is { } bank)
        {
            if (bank.Translates)
                return Wait(request);
            if (bank.IsProgrammable || _options.SecureBankPasses)
                return Complete(request, request.Iova.Value);
        }

        UnrecordedFaults++;
        return Abort(request);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Walk(in DmaRequest request, QcomContextBank bank)
    {
        var fault = bank.Walk(request.Iova.Value, out var walk);
        if (fault != QcomIommuFault.None)
            return Refuse(request, bank, fault, walk.Level, Reason(fault, walk.Status));
        _tlb.Insert(new IotlbEntry { Tag = bank.Asid, Iova = request.Iova.Value, Output = walk.Output, PageShift = walk.PageShift, Permissions = walk.Permissions });
        return request.IsAllowedBy(walk.Permissions) ? Complete(request, walk.Translate(request.Iova.Value)) : Refuse(request, bank, QcomIommuFault.Permission, walk.Level, FaultReason.PermissionDenied);
    }

    private DmaCompletion Hold(in DmaRequest request)
    {
        _held.Hold((int)request.Stream.Value, request);
        return new DmaCompletion(default, DmaStatus.Stalled, request.Tag);
    }

    private DmaCompletion Refuse(in DmaRequest request, QcomContextBank bank, QcomIommuFault fault, int level, FaultReason reason)
    {
        const uint TableWalk = 1 << 10;
        var stalls = bank.StallsFaults && _held.HasRoom;
        var syndrome = (uint)(level & 3)
            | (request.IsWrite ? 1u << 4 : 0)
            | ((request.Attributes & DmaAttributes.Privileged) != 0 ? 1u << 5 : 0)
            | ((request.Attributes & DmaAttributes.Instruction) != 0 ? 1u << 6 : 0)
            | (fault == QcomIommuFault.External ? TableWalk : 0);
        _faulted = true;
        if (bank.Record(fault, request.Iova.Value, syndrome, stalls))
            Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, reason, (ushort)fault));
        else
            UnrecordedFaults++;
        return stalls ? Hold(request) : Abort(request);
    }

    // Behind a stalled transaction.
    private DmaCompletion Wait(in DmaRequest request)
    {
        if (_held.HasRoom)
            return Hold(request);
        UnrecordedFaults++;
        return Abort(request);
    }

    // Without long descriptors nothing is walked: the status says nothing.
    private static FaultReason Reason(QcomIommuFault fault, WalkStatus status) => (fault, status) switch
    {
        (QcomIommuFault.AccessFlag, _) => FaultReason.AccessFlag,
        (QcomIommuFault.External, _) => FaultReason.TableReadAbort,
        (QcomIommuFault.AddressSize, _) or (_, WalkStatus.InputSize) => FaultReason.AddressSize,
        (_, WalkStatus.Reserved) => FaultReason.TableEntryInvalid,
        (_, WalkStatus.Ok) => FaultReason.ConfigurationInvalid,
        _ => FaultReason.NotPresent,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static DmaCompletion Complete(in DmaRequest request, ulong address) => new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    private static DmaCompletion Abort(in DmaRequest request) => new(default, DmaStatus.Aborted, request.Tag);

    private bool IsNonSecure(int number) => _interruptSelect == null || number > 31 || _interruptSelect.Value.Bit(number);
}
