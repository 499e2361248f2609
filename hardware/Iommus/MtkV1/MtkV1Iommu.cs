using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.MtkV1;

/// <summary>MediaTek's M4U of the first generation with the SMI before it: the SMI decides for each port whether its DMA goes through the M4U or straight to memory, the M4U
/// has one flat table for all.</summary>
/// <remarks>Source: Linux drivers/iommu/mtk_iommu_v1.c, drivers/memory/mtk-smi.c. A DMA's stream is its flat port number. Not modelled: the fault causes that no table can cause (multi-hit, entry replacement, TLB miss, FIFO overflow,
/// invalid output address).</remarks>
public sealed class MtkV1Iommu : IIommu
{
    private const int PageShift = 12;
    private const ulong PageMask = 0xfff;
    private const uint Valid = 2;

    private readonly PhysicalMemory _memory;
    private readonly Iotlb _tlb;
    private readonly Register _base;
    private readonly Register _control;
    private readonly Register _protect;
    private readonly Register _interruptControl;
    private readonly Register _status;
    private readonly Register _address;
    private readonly Register _invalidPhysical;
    private readonly Register _id;
    private readonly Register _start;
    private readonly Register _end;
    private readonly Register _select;
    private readonly Register _done;
    private readonly Register[] _ports;

    /// <summary>Makes an instance in its reset state: every port bypasses the M4U.</summary>
    public MtkV1Iommu(string name, PhysicalMemory memory, MtkV1Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        _memory = memory;
        _tlb = new Iotlb((options ?? new MtkV1Options()).Iotlb);
        Registers = new RegisterFile(name, MtkV1Registers.WindowSize);
        _base = Registers.Add(MtkV1Registers.TableBase, 4, "PT_BASE_ADDR", fields: "table PA");
        _control = Registers.Add(MtkV1Registers.Control, 4, "CTRL", fields: "[8] coherent, [6:5] faulting accesses go to: 2 the protect address");
        _protect = Registers.Add(MtkV1Registers.ProtectAddress, 4, "IVRP_PADDR", fields: "protect buffer PA");
        _interruptControl = Registers.Add(MtkV1Registers.InterruptControl, 4, "INT_CONTROL", fields: "[7:0] enables, [12] clear", onWrite: ControlInterrupt);
        _status = Registers.Add(
            MtkV1Registers.FaultStatus,
            4,
            "FAULT_ST",
            RegisterAccess.ReadOnly,
            fields: "[0] translation, [1] multi-hit, [2] invalid PA, [3] entry replacement, [4] table walk, [5] TLB miss, [7:6] FIFO overflow");
        _address = Registers.Add(MtkV1Registers.FaultAddress, 4, "FAULT_VA", RegisterAccess.ReadOnly, fields: "[31:12] IOVA");
        _invalidPhysical = Registers.Add(MtkV1Registers.InvalidPhysical, 4, "INVLD_PA", RegisterAccess.ReadOnly, fields: "PA concerned");
        _id = Registers.Add(MtkV1Registers.InterruptId, 4, "INT_ID", RegisterAccess.ReadOnly, fields: "[15:13] 6 - larb, [11:8] port in the larb");
        Registers.Add(MtkV1Registers.Invalidate, 4, "INVALIDATE", RegisterAccess.WriteOnly, fields: "1 range, 2 all", onWrite: Invalidate);
        _start = Registers.Add(MtkV1Registers.InvalidateStart, 4, "INVLD_START", fields: "[31:12] first page");
        _end = Registers.Add(MtkV1Registers.InvalidateEnd, 4, "INVLD_END", fields: "[31:12] last page");
        _select = Registers.Add(MtkV1Registers.InvalidateSelect, 4, "INV_SEL", fields: "[1:0] a bit for each TLB");
        Registers.Add(MtkV1Registers.StandardAxiMode, 4, "STANDARD_AXI_MODE", fields: "no effect here");
        Registers.Add(MtkV1Registers.ClockManagement, 4, "DCM", fields: "no effect here");
        _done = Registers.Add(MtkV1Registers.InvalidationDone, 4, "CPE_DONE", fields: "not zero: a range invalidation is done");
        _ports = Registers.AddArray(
            MtkV1Registers.PortControl,
            MtkV1Registers.PortControlWords,
            4,
            4,
            "SMI_SECUR_CON",
            fields: "eight ports, a nibble each: [3] through the M4U, [2:1] domain, [0] security");
    }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb? Iotlb => _tlb;

    /// <inheritdoc/>
    /// <remarks>The code is FAULT_ST.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>Faults that left no record, because FAULT_ST still held an earlier one.</summary>
    public long UnrecordedFaults { get; private set; }

    /// <inheritdoc/>
    public bool InterruptAsserted => (_status.Value & _interruptControl.Value & MtkV1Registers.InterruptEnables) != 0;

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(in requests[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static DmaCompletion Land(in DmaRequest request, ulong address) => new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request)
    {
        var port = request.Stream.Value;
        var ports = _ports;
        if (port >= (uint)ports.Length * 8 || ((ports[port / 8].Value >> (int)(4 * (port % 8))) & MtkV1Registers.PortVirtual) == 0)
            return Land(in request, request.Iova.Value);
        ref readonly var entry = ref _tlb.Find(0, request.Iova.Value);
        return Unsafe.IsNullRef(in entry) ? Walk(in request) : Land(in request, entry.Translate(request.Iova.Value));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Walk(in DmaRequest request)
    {
        var iova = request.Iova.Value;
        if (iova > uint.MaxValue)
            return Refuse(in request, MtkV1Fault.Translation, 0);
        if (!_memory.TryRead32(_base.Value + ((iova >> PageShift) * 4), out var word))
            return Refuse(in request, MtkV1Fault.TableWalk, 0);
        if ((word & Valid) == 0)
            return Refuse(in request, MtkV1Fault.Translation, word);
        var page = word & ~PageMask;
        _tlb.Insert(new IotlbEntry { Iova = iova, Output = page, PageShift = PageShift, Permissions = PagePermissions.Read | PagePermissions.Write });
        return Land(in request, page | (iova & PageMask));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Refuse(in DmaRequest request, MtkV1Fault fault, uint word)
    {
        if (_status.Value != 0)
        {
            UnrecordedFaults++;
        }
        else
        {
            var port = (int)request.Stream.Value;
            _status.Value = (ulong)fault;
            _address.Value = request.Iova.Value & 0xffff_f000;
            _invalidPhysical.Value = word & ~(uint)PageMask;
            _id.Value = ((6 - (ulong)MtkV1Ports.LarbOf(port)) << 13) | (((ulong)MtkV1Ports.LocalNumber(port) & 0xf) << 8);
            var reason = fault == MtkV1Fault.TableWalk ? FaultReason.TableReadAbort : request.Iova.Value > uint.MaxValue ? FaultReason.AddressSize : FaultReason.NotPresent;
            Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, reason, (ushort)fault));
        }

        return (_control.Value & MtkV1Registers.FaultDestinationMask) == MtkV1Registers.FaultsToProtectAddress
            ? Land(in request, _protect.Value | (request.Iova.Value & 0x7f))
            : new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    private void ControlInterrupt(ulong value)
    {
        if ((value & MtkV1Registers.InterruptClear) == 0)
            return;
        _interruptControl.Value = value & ~(ulong)MtkV1Registers.InterruptClear;
        _status.Value = 0;
    }

    private void Invalidate(ulong command)
    {
        if ((_select.Value & MtkV1Registers.BothTlbs) == 0)
            return;
        if ((command & MtkV1Registers.InvalidateAll) != 0)
            _tlb.InvalidateAll();
        if ((command & MtkV1Registers.InvalidateRange) == 0)
            return;
        _tlb.Invalidate(new IotlbRange(_start.Value & ~PageMask, _end.Value | PageMask));
        _done.Value = 1;
    }
}
