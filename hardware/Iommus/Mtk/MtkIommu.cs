using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmShort;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>MediaTek's M4U of the second generation, or an infrastructure IOMMU: one to five banks of short-descriptor tables behind ports that are switched elsewhere (<see cref="MtkPorts"/>).</summary>
/// <remarks>Source: Linux drivers/iommu/mtk_iommu.c, drivers/memory/mtk-smi.c. A DMA's stream is its port number. Not modelled: the fault causes that no table can cause, larb identifiers as a chip's interconnect renames them.</remarks>
public sealed class MtkIommu : IIommu
{
    private const ulong RemapBase = 0x1_4000_0000;
    private const ulong RemapDistance = 1UL << 32;
    private const ulong ProtectMask = 0xff;

    private readonly MtkHardware _hardware;
    private readonly MtkPorts _ports;
    private readonly MtkBank[] _banks;
    private readonly byte[] _bankOf = new byte[MtkPorts.Larbs * MtkPorts.PortsPerLarb];
    private readonly ArmShortWalker _walker;
    private readonly Iotlb _tlb;
    private readonly Register _control;
    private readonly Register _validRange;
    private readonly bool _remaps;

    /// <summary>Makes an instance in its reset state.</summary>
    /// <param name="name">The instance's name.</param>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="hardware">The chip.</param>
    /// <param name="ports">The chip's port switches.</param>
    /// <param name="options">What varies.</param>
    public MtkIommu(string name, PhysicalMemory memory, MtkHardware hardware, MtkPorts ports, MtkOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(ports);
        options ??= new MtkOptions();
        (_hardware, _ports, _remaps) = (hardware, ports, options.FourGigabyteMode && hardware.HasFourGigabyteMode);
        _tlb = new Iotlb(options.Iotlb);
        var words = ArmShortWalkOptions.NoPermissions | ArmShortWalkOptions.MediaTek | (hardware.HasUpperTables ? ArmShortWalkOptions.MediaTekTables : ArmShortWalkOptions.None);
        _walker = new ArmShortWalker(memory, words, hardware.InputBits);
        Registers = new RegisterFile(name, MtkRegisters.BankSize * (ulong)hardware.Banks.Count);
        Registers.Add(MtkRegisters.Miscellaneous, 4, "MISC_CTRL", fields: "no effect here");
        Registers.Add(MtkRegisters.ClockManagement, 4, "DCM_DIS", fields: "no effect here");
        Registers.Add(MtkRegisters.WriteLength, 4, "WR_LEN_CTRL", fields: "no effect here");
        _control = Registers.Add(MtkRegisters.Control, 4, "CTRL_REG", fields: hardware.HasFixedControl ? "[6] faults go to the protect address, [4] no effect here" : "[5] faults go to the protect address");
        _validRange = Registers.Add(MtkRegisters.ValidRange, 4, "VLD_PA_RNG", fields: "[10:8] highest, [2:0] lowest PA[32:30]; 0 all");
        _banks = [.. hardware.Banks.Select((_, bank) => new MtkBank(Registers, bank, hardware.Banks.Count, hardware, _tlb))];
        for (var port = 0; port < _bankOf.Length && hardware.Banks.Count > 1; port++)
            _bankOf[port] = (byte)Math.Max(0, hardware.Banks.ToList().FindIndex(mask => port < 32 && ((mask >> port) & 1) != 0));
    }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb? Iotlb => _tlb;

    /// <inheritdoc/>
    /// <remarks>The code is the cause in FAULT_ST1, counted from mmu0.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>Faults that left no record, because the bank's FAULT_ST1 still held one of that mmu.</summary>
    public long UnrecordedFaults { get; private set; }

    /// <inheritdoc/>
    public bool InterruptAsserted => Array.Exists(_banks, bank => bank.InterruptAsserted);

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
        if (!_ports.IsTranslated(port))
            return Land(in request, request.Iova.Value);
        var iova = _hardware.InputBits > 32 ? (uint)request.Iova.Value | (_ports.RegionOf(port) << 32) : request.Iova.Value;
        ref readonly var entry = ref _tlb.Find(_bankOf[port], iova);
        return Unsafe.IsNullRef(in entry) ? Walk(in request, iova) : Land(in request, entry.Translate(iova));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Walk(in DmaRequest request, ulong iova)
    {
        var bank = _banks[_bankOf[request.Stream.Value]];
        if (bank.Table == 0)
            return Refuse(in request, bank, iova, MtkFault.Translation, FaultReason.TableReadAbort, 0);
        _walker.Walk(bank.Table, iova, out var walk);
        if (walk.Status != WalkStatus.Ok)
        {
            var reason = walk.Status switch
            {
                WalkStatus.ReadAbort => FaultReason.TableReadAbort,
                WalkStatus.InputSize => FaultReason.AddressSize,
                _ => FaultReason.NotPresent,
            };
            return Refuse(in request, bank, iova, MtkFault.Translation, reason, 0);
        }

        var range = _validRange.Value;
        if (range != 0 && ((walk.Output >> 30) < (range & 7) || (walk.Output >> 30) > ((range >> 8) & 7)))
            return Refuse(in request, bank, iova, MtkFault.InvalidPhysical, FaultReason.AddressSize, walk.Translate(iova));

        // The chip's memory controller shows the DRAM above 1 GiB four GiB higher.
        var output = _remaps && walk.Output >= RemapBase ? walk.Output - RemapDistance : walk.Output;
        _tlb.Insert(new IotlbEntry { Tag = _bankOf[request.Stream.Value], Iova = iova, Output = output, PageShift = walk.PageShift, Permissions = walk.Permissions });
        return Land(in request, output | (iova & ((1UL << walk.PageShift) - 1)));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Refuse(in DmaRequest request, MtkBank bank, ulong iova, MtkFault fault, FaultReason reason, ulong physical)
    {
        var (larb, port) = (request.Stream.Value / MtkPorts.PortsPerLarb, request.Stream.Value % MtkPorts.PortsPerLarb);
        var mmu = (int)larb & 1;
        var shift = mmu * MtkRegisters.SecondMmuShift;
        if (((bank.Status.Value >> shift) & MtkRegisters.CauseMask) != 0)
        {
            UnrecordedFaults++;
        }
        else
        {
            bank.Status.Value |= (ulong)fault << shift;
            bank.Address[mmu].Value = (iova & 0xffff_f000) | (((iova >> 32) & 7) << 9) | ((physical >> 32) << 6) | (request.Access == DmaAccess.Write ? MtkRegisters.FaultWrite : 0);
            bank.Physical[mmu].Value = (uint)physical;
            bank.Id[mmu].Value = (larb << (2 + _hardware.PortBits)) | (port << 2);
            Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, reason, (ushort)fault));
        }

        var redirect = (_control.Value & (_hardware.HasFixedControl ? MtkRegisters.FaultsToProtectAddressMt8173 : MtkRegisters.FaultsToProtectAddress)) != 0;
        return redirect ? Land(in request, ProtectBuffer(bank) | (iova & ProtectMask)) : new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    private ulong ProtectBuffer(MtkBank bank)
    {
        var value = bank.ProtectAddress.Value;
        return _hardware.HasLegacyProtectAddress ? (value << 1) & uint.MaxValue : (value & ~ProtectMask) | ((value & 7) << 32);
    }
}
