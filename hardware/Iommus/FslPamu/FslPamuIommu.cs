using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.FslPamu;

/// <summary>One peripheral access management unit (PAMU) of a QorIQ chip. It has no page tables: an entry gives each logical I/O device number (LIODN) one window and its permissions.</summary>
/// <remarks>Source: Linux drivers/iommu/fsl_pamu.c, fsl_pamu.h. A DMA's stream is its LIODN. Entries are cached coherently in the chip, so none is kept here. Not modelled: divided windows, translation by pages, operation translation, ECC.</remarks>
public sealed class FslPamuIommu : IIommu
{
    private static readonly string[] TableNames = ["PPBAH", "PPBAL", "PPLAH", "PPLAL", "SPBAH", "SPBAL", "SPLAH", "SPLAL", "OBAH", "OBAL", "OLAH", "OLAL"];
    private static readonly string[] OperationErrorNames = ["POES1", "POES2", "POEAH", "POEAL"];

    private readonly PhysicalMemory _memory;
    private readonly FslGlobalUtilities _utilities;
    private readonly FslPamuOptions _options;
    private readonly int _number;
    private readonly Register[] _tables;
    private readonly Register[] _operationError;
    private readonly Register _violation;
    private readonly Register _addressHigh;
    private readonly Register _addressLow;
    private readonly Register _control;
    private readonly Register _interrupt;
    private ushort _violator;

    /// <summary>Makes a PAMU in its reset state: off, and bypassed.</summary>
    /// <param name="name">The instance's name.</param>
    /// <param name="number">Which PAMU of the chip, from 0.</param>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="utilities">What the chip's PAMUs share.</param>
    /// <param name="options">What varies.</param>
    public FslPamuIommu(string name, int number, PhysicalMemory memory, FslGlobalUtilities utilities, FslPamuOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(utilities);
        (_memory, _utilities, _number, _options) = (memory, utilities, number, options ?? new FslPamuOptions());
        Registers = new RegisterFile(name, FslPamuRegisters.WindowSize);
        _tables = [.. TableNames.Select((table, i) => Registers.Add(FslPamuRegisters.TableBases + (4 * (ulong)i), 4, table))];
        _operationError = [.. OperationErrorNames.Select((word, i) => Registers.Add(FslPamuRegisters.OperationErrorStatus + (4 * (ulong)i), 4, word))];
        _violation = Registers.Add(
            FslPamuRegisters.ViolationStatus,
            4,
            "AVS1",
            RegisterAccess.WriteOneToClear,
            onWrite: _ => _violation!.Value = (_violation.Value & FslPamuRegisters.ViolationMask) | ((ulong)_violator << 16),
            fields: "[31:16] LIODN, not cleared by writing; [14] entry disabled, [13] gate closed, [12:10] LIODN, [9:7] window, [6:3] permission, [2:1] operation, [0] valid");
        Registers.Add(FslPamuRegisters.ViolationAttributes, 4, "AVS2");
        _addressHigh = Registers.Add(FslPamuRegisters.ViolationAddressHigh, 4, "AVAH");
        _addressLow = Registers.Add(FslPamuRegisters.ViolationAddressLow, 4, "AVAL");
        Registers.Add(FslPamuRegisters.UndefinedAccess, 4, "UDAD");
        Registers.Add(FslPamuRegisters.Capabilities3, 4, "PC3", RegisterAccess.ReadOnly, _options.Capabilities3, "[24:21] MWCE");
        _control = Registers.Add(FslPamuRegisters.Control, 4, "PC", fields: "[31] gate closed, [30] enable, [12] OCE, [4] SPCC, [0] PPCC");
        _interrupt = Registers.Add(
            FslPamuRegisters.InterruptControl, 4, "PICS", RegisterAccess.WriteOneToClear, fields: "[3] violation, write 1 to clear; [2] violation interrupt enable, stored as written", onWrite: StoreInterruptControl);
        if (number == 0)
        {
            Registers.Add(
                FslPamuRegisters.GlobalUtilities + FslPamuRegisters.BypassEnable,
                4,
                "GUTS_PAMUBYPENR",
                fields: "[31 - n] PAMU n is bypassed",
                onRead: () => utilities.BypassEnable,
                onWrite: value => utilities.BypassEnable = (uint)value);
        }
    }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb? Iotlb => null;

    /// <inheritdoc/>
    /// <remarks>The code is the low half of AVS1.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>Refused accesses that left no record: the entry was disabled, or AVS1 still held an earlier one.</summary>
    public long UnrecordedFaults { get; private set; }

    /// <inheritdoc/>
    public bool InterruptAsserted => (_interrupt.Value & (FslPamuRegisters.ViolationPending | FslPamuRegisters.ViolationInterruptEnable))
        == (FslPamuRegisters.ViolationPending | FslPamuRegisters.ViolationInterruptEnable);

    private ulong PrimaryBase => (_tables[0].Value << 32) | _tables[1].Value;

    private ulong PrimaryLimit => (_tables[2].Value << 32) | _tables[3].Value;

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        var checks = !_utilities.IsBypassed(_number) && (_control.Value & FslPamuRegisters.Enable) != 0;
        for (var i = 0; i < requests.Length; i++)
            completions[i] = checks ? Check(in requests[i]) : Land(in requests[i], requests[i].Iova.Value);
    }

    private static DmaCompletion Land(in DmaRequest request, ulong address) => new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    private DmaCompletion Check(in DmaRequest request)
    {
        var iova = request.Iova.Value;
        if ((_control.Value & FslPamuRegisters.GateClosed) != 0)
            return Refuse(in request, FslPamuViolation.Gate, FaultReason.StreamBlocked, 0);
        var entry = PrimaryBase + (request.Stream.Value * FslPaace.Bytes);
        if (entry + FslPaace.Bytes > PrimaryLimit || !_memory.TryReadBigEndian32(entry + FslPaace.AddressBits, out var bits))
            return Refuse(in request, FslPamuViolation.Liodn, FaultReason.StreamUnknown, 0);
        if ((bits & FslPaace.Valid) == 0)
            return RefuseDisabled(in request, entry);
        _memory.TryReadBigEndian32(entry + FslPaace.WindowBaseHigh, out var high);
        _memory.TryReadBigEndian32(entry + FslPaace.ImplementationAttributes, out var attributes);
        var offset = iova - (((ulong)high << 32) | (bits & FslPaace.BaseMask));
        var sizeShift = (int)((bits & FslPaace.WindowSizeMask) >> 6) + 1;
        if ((sizeShift < 64 && offset >> sizeShift != 0) || (attributes & FslPaace.TranslationMask) > FslPaace.TranslateWindow)
            return Refuse(in request, FslPamuViolation.Window, FaultReason.AddressSize, entry);
        if ((bits & (request.Access == DmaAccess.Write ? FslPaace.Update : FslPaace.Query)) == 0)
            return Refuse(in request, FslPamuViolation.Permission, FaultReason.PermissionDenied, entry);
        if ((attributes & FslPaace.TranslationMask) == 0)
            return Land(in request, iova);
        _memory.TryReadBigEndian32(entry + FslPaace.TranslatedBaseHigh, out var baseHigh);
        _memory.TryReadBigEndian32(entry + FslPaace.TranslatedBaseLow, out var baseLow);
        return Land(in request, (((ulong)baseHigh << 32) | (baseLow & FslPaace.BaseMask)) + offset);
    }

    private DmaCompletion RefuseDisabled(in DmaRequest request, ulong entry)
    {
        if (_options.ReportsDisabled)
            return Refuse(in request, FslPamuViolation.Disabled, FaultReason.StreamBlocked, entry);
        UnrecordedFaults++;
        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    private DmaCompletion Refuse(in DmaRequest request, FslPamuViolation violation, FaultReason reason, ulong entry)
    {
        _interrupt.Value |= FslPamuRegisters.ViolationPending;
        if ((_violation.Value & (ulong)FslPamuViolation.Valid) != 0)
        {
            UnrecordedFaults++;
            return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
        }

        var code = violation | FslPamuViolation.Valid;
        _violator = (ushort)request.Stream.Value;
        _violation.Value = ((ulong)_violator << 16) | (ulong)code;
        _addressHigh.Value = request.Iova.Value >> 32;
        _addressLow.Value = (uint)request.Iova.Value;
        _operationError[2].Value = entry >> 32;
        _operationError[3].Value = (uint)entry;
        Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, reason, (ushort)code));
        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    // What writing one clears is the pending bit alone: the enable bit is stored.
    private void StoreInterruptControl(ulong value) =>
        _interrupt.Value = (_interrupt.Value & FslPamuRegisters.ViolationPending) | (value & ~(ulong)FslPamuRegisters.ViolationPending);
}
