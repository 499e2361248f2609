using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>
/// The silicon of the SMMU in a Tegra memory controller. Streams are memory clients. A client is translated when the unit is enabled, the client's gate is
/// open and its swgroup has an ASID; else its address goes to memory as it is. Nothing here can block a client but a table without entries.
/// </summary>
/// <remarks>Two caches, both flushed by software only: the TLB, tagged by ASID, and the page-table cache, which knows physical addresses only. A refused DMA fails at
/// once and is recorded in one latch. PASIDs and ATS do not exist here: such attributes of a request are ignored.</remarks>
public sealed class TegraSmmuIommu : IIommu
{
    private const int Untranslated = -1;

    private readonly PhysicalMemory _memory;
    private readonly TegraSmmuOptions _options;
    private readonly TegraSmmuPageTableCache _cache;
    private readonly TegraSmmuWalker _walker;
    private readonly Iotlb _tlb;
    private readonly uint[] _directories;
    private readonly int[] _asids;
    private readonly Register[] _enables;
    private readonly Register[] _swgroups;
    private readonly Register _interruptStatus;
    private readonly Register _interruptMask;
    private readonly Register _errorStatus;
    private readonly Register _errorAddress;
    private readonly Register _config;
    private readonly Register _ptbAsid;
    private readonly Register? _ptcFlushHigh;

    /// <summary>Makes an SMMU in its reset state: no client is translated.</summary>
    /// <param name="name">The instance's name.</param>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="hardware">The chip.</param>
    /// <param name="options">What no source states.</param>
    public TegraSmmuIommu(string name, PhysicalMemory memory, TegraSmmuHardware hardware, TegraSmmuOptions options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(options);
        (_memory, Hardware, _options) = (memory, hardware, options);
        _tlb = new Iotlb(options.Iotlb);
        _cache = new TegraSmmuPageTableCache(memory, hardware.AtomBytes, options.Iotlb.Disabled ? 0 : options.Iotlb.Unbounded ? int.MaxValue : options.PtcAtoms)
        {
            IsEnabled = false,
        };
        _walker = new TegraSmmuWalker(_cache, hardware.AddressBits);
        _directories = new uint[hardware.Asids];
        _asids = new int[hardware.Swgroups.Max(swgroup => swgroup.Clients.Max()) + 1];

        Registers = new RegisterFile(name, TegraSmmuRegisters.WindowSize);
        _interruptStatus = Registers.Add(
            TegraSmmuRegisters.InterruptStatus, 4, "MC_INTSTATUS", RegisterAccess.WriteOneToClear, fields: "[10] invalid SMMU page, [8] security violation, [6] EMEM decode error");
        _interruptMask = Registers.Add(TegraSmmuRegisters.InterruptMask, 4, "MC_INTMASK", fields: "as MC_INTSTATUS");
        _errorStatus = Registers.Add(
            TegraSmmuRegisters.ErrorStatus,
            4,
            "MC_ERR_STATUS",
            RegisterAccess.ReadOnly,
            fields: $"[30:28] type, [27] readable, [26] writable, [25] non-secure, [21:20] address 33:32, [17] security, [16] write, [{hardware.ClientBits - 1}:0] client");
        _errorAddress = Registers.Add(TegraSmmuRegisters.ErrorAddress, 4, "MC_ERR_ADR", RegisterAccess.ReadOnly, fields: "address 31:0");
        _config = Registers.Add(TegraSmmuRegisters.Config, 4, "SMMU_CONFIG", fields: "[0] enable", onWrite: _ => Route());
        Registers.Add(TegraSmmuRegisters.TlbConfig, 4, "SMMU_TLB_CONFIG", fields: "[29] hit under miss, [28] round-robin, [5:0] lines");
        Registers.Add(
            TegraSmmuRegisters.PtcConfig,
            4,
            "SMMU_PTC_CONFIG",
            fields: "[29] enable, [27:24] request limit, [5:0] index map",
            onWrite: value => _cache.IsEnabled = (value & TegraSmmuRegisters.PtcEnable) != 0);
        _ptbAsid = Registers.Add(TegraSmmuRegisters.PtbAsid, 4, "SMMU_PTB_ASID", fields: "[6:0] whose PTB_DATA");
        Registers.Add(
            TegraSmmuRegisters.PtbData,
            4,
            "SMMU_PTB_DATA",
            fields: $"[31] readable, [30] writable, [29] non-secure, [{hardware.AddressBits - 13}:0] PA>>12",
            onRead: () => _directories[Selected],
            onWrite: value => _directories[Selected] = (uint)value);
        Registers.Add(
            TegraSmmuRegisters.TlbFlush,
            4,
            "SMMU_TLB_FLUSH",
            RegisterAccess.WriteOnly,
            fields: $"[31] match ASID, [30:{(hardware.Asids == 4 ? 29 : 24)}] ASID, [19:2] IOVA 31:14, [1:0] all, -, section, group",
            onWrite: FlushTlb);
        Registers.Add(TegraSmmuRegisters.PtcFlush, 4, "SMMU_PTC_FLUSH", RegisterAccess.WriteOnly, fields: "[31:4] address, [0] by address", onWrite: FlushCache);
        if (hardware.AddressBits > 32)
            _ptcFlushHigh = Registers.Add(TegraSmmuRegisters.PtcFlushHigh, 4, "SMMU_PTC_FLUSH_HI", fields: "[1:0] address 33:32");
        _enables = [.. Enumerable.Range(0, ((_asids.Length - 1) / 32) + 1).Select(AddEnable)];
        _swgroups = [.. hardware.Swgroups.Select(swgroup => Registers.Add(
            swgroup.Register, 4, $"SMMU_{swgroup.Name.ToUpperInvariant()}_ASID", fields: "[31] translate, [6:0] ASID", onWrite: _ => Route()))];
        Route();
    }

    /// <summary>The chip.</summary>
    public TegraSmmuHardware Hardware { get; }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb? Iotlb => _tlb;

    /// <summary>Atoms in the page-table cache.</summary>
    public int CachedAtoms => _cache.Count;

    /// <inheritdoc/>
    /// <remarks>The code is the type in MC_ERR_STATUS: 6 translation, 2 decode.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>Refused DMAs that left no record, because MC_ERR_STATUS still held an earlier one.</summary>
    public long UnrecordedFaults { get; private set; }

    /// <inheritdoc/>
    public bool InterruptAsserted => (_interruptStatus.Value & _interruptMask.Value) != 0;

    private int Selected => (int)_ptbAsid.Value & (_directories.Length - 1);

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(in requests[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request)
    {
        var client = request.Stream.Value;
        var asids = _asids;
        if (client >= (uint)asids.Length || asids[client] == Untranslated)
            return Pass(request);
        ref readonly var entry = ref _tlb.Find((ulong)asids[client], request.Iova.Value);
        if (Unsafe.IsNullRef(in entry))
            return Walk(request, asids[client]);
        return (entry.Permissions & Needed(request.Access)) != 0
            ? new DmaCompletion(new PhysicalAddress(entry.Translate(request.Iova.Value)), DmaStatus.Completed, request.Tag)
            : Refuse(request, TegraSmmuRegisters.TranslationErrorType, FaultReason.PermissionDenied, entry.Flags);
    }

    private DmaCompletion Pass(in DmaRequest request) => IsMemory(request.Iova.Value)
        ? new DmaCompletion(new PhysicalAddress(request.Iova.Value), DmaStatus.Completed, request.Tag)
        : Refuse(request, TegraSmmuRegisters.DecodeErrorType, FaultReason.AddressSize, 0);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Walk(in DmaRequest request, int asid)
    {
        if (request.Iova.Value > uint.MaxValue)
            return Refuse(request, TegraSmmuRegisters.TranslationErrorType, FaultReason.AddressSize, 0);
        _walker.Walk(_directories[asid], (uint)request.Iova.Value, out var walk);
        var attributes = Attributes(walk);
        if (walk.Status == WalkStatus.ReadAbort)
            return Refuse(request, TegraSmmuRegisters.DecodeErrorType, FaultReason.TableReadAbort, 0);
        if (walk.Status != WalkStatus.Ok)
            return Refuse(request, TegraSmmuRegisters.TranslationErrorType, FaultReason.NotPresent, attributes);
        var landed = walk.Translate(request.Iova.Value);
        if (_memory.IsRam(walk.Output, 1UL << walk.PageShift))
        {
            _tlb.Insert(new IotlbEntry
            {
                Tag = (ulong)asid,
                Iova = request.Iova.Value,
                Output = walk.Output,
                PageShift = walk.PageShift,
                Permissions = walk.Permissions,
                Flags = attributes,
            });
        }

        if ((walk.Permissions & Needed(request.Access)) == 0)
            return Refuse(request, TegraSmmuRegisters.TranslationErrorType, FaultReason.PermissionDenied, attributes);
        return IsMemory(landed)
            ? new DmaCompletion(new PhysicalAddress(landed), DmaStatus.Completed, request.Tag)
            : Refuse(request, TegraSmmuRegisters.DecodeErrorType, FaultReason.AddressSize, 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Refuse(in DmaRequest request, int type, FaultReason reason, ushort attributes)
    {
        var kept = _interruptStatus.Value != 0 && _options.KeepsFirstFault;
        _interruptStatus.Value |= type == TegraSmmuRegisters.DecodeErrorType ? TegraSmmuRegisters.DecodeError : TegraSmmuRegisters.InvalidPage;
        if (kept)
        {
            UnrecordedFaults++;
        }
        else
        {
            _errorStatus.Value = TegraSmmuRegisters.EncodeErrorStatus(Hardware, type, attributes, request.Iova.Value, request.IsWrite, request.Stream.Value);
            _errorAddress.Value = (uint)request.Iova.Value;
            Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, reason, (ushort)type));
        }

        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static PagePermissions Needed(DmaAccess access) => access == DmaAccess.Write ? PagePermissions.Write : PagePermissions.Read;

    // Readable, writable, non-secure, as MC_ERR_STATUS reports them.
    private static ushort Attributes(in WalkResult walk) => (ushort)(
        ((walk.Permissions & PagePermissions.Read) != 0 ? 4 : 0) | ((walk.Permissions & PagePermissions.Write) != 0 ? 2 : 0) | ((walk.Entry & TegraSmmuEntry.NonSecure) != 0 ? 1 : 0));

    private bool IsMemory(ulong address) => address >> Hardware.AddressBits == 0 && _memory.IsRam(address);

    private Register AddEnable(int word)
    {
        var locked = 0UL;
        foreach (var client in Hardware.Swgroups.Where(swgroup => swgroup.GatesAreReadOnly).SelectMany(swgroup => swgroup.Clients).Where(client => client / 32 == word))
            locked |= 1UL << (client % 32);
        return Registers.Add(TegraSmmuRegisters.Enable(word), 4, $"SMMU_TRANSLATION_ENABLE_{word}", fields: "bit per client: translate", onWrite: value =>
        {
            _enables[word].Value = value & ~locked;
            Route();
        });
    }

    // Every client anew.
    private void Route()
    {
        Array.Fill(_asids, Untranslated);
        if ((_config.Value & TegraSmmuRegisters.ConfigEnable) == 0)
            return;
        for (var i = 0; i < _swgroups.Length; i++)
        {
            if ((_swgroups[i].Value & TegraSmmuRegisters.AsidEnable) == 0)
                continue;
            foreach (var client in Hardware.Swgroups[i].Clients)
            {
                if (((_enables[client / 32].Value >> (client % 32)) & 1) != 0)
                    _asids[client] = (int)_swgroups[i].Value & (_directories.Length - 1);
            }
        }
    }

    private void FlushTlb(ulong value)
    {
        if (TegraSmmuRegisters.DecodeTlbFlush(Hardware, value, out var match))
            _tlb.Invalidate(match);
    }

    private void FlushCache(ulong value)
    {
        if ((value & TegraSmmuRegisters.PtcFlushAddress) == 0)
            _cache.FlushAll();
        else
            _cache.Flush(((_ptcFlushHigh?.Value & 3) << 32 ?? 0) | (value & 0xffff_fff0));
    }
}
