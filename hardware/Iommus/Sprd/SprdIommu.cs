using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Sprd;

/// <summary>One IOMMU of a Unisoc chip: a flat table for one master. It refuses nothing: what is not mapped is sent to the protect page, and no fault is recorded anywhere.</summary>
/// <remarks>Source: Linux drivers/iommu/sprd-iommu.c. Not modelled: the interrupt masks and out-of-range address registers that the vendor's own driver knows.</remarks>
public sealed class SprdIommu : IIommu
{
    private const ulong PageMask = 0xfff;
    private const int PageShift = 12;

    private readonly PhysicalMemory _memory;
    private readonly SprdOptions _options;
    private readonly Iotlb _tlb;
    private readonly Register _configuration;
    private readonly Register _firstPpn;
    private readonly Register _firstVpn;
    private readonly Register _range;
    private readonly Register _protectReads;
    private readonly Register _protectWrites;

    /// <summary>Makes an instance in its reset state: off.</summary>
    public SprdIommu(string name, PhysicalMemory memory, SprdHardware hardware, SprdOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(hardware);
        (_memory, _options) = (memory, options ?? new SprdOptions());
        _tlb = new Iotlb(_options.Iotlb);
        Registers = new RegisterFile(name, SprdRegisters.WindowSize);
        var version = hardware.Version << SprdRegisters.VersionShift;
        const string ConfigurationFields = "[0] translation on, [1] clock gate, [4] addresses out of range pass";
        if (hardware.Configuration == SprdRegisters.Version)
        {
            _configuration = Registers.Add(
                hardware.Configuration, 4, "CFG", reset: version | _options.ResetConfiguration, fields: $"{ConfigurationFields}, [15:8] version, read only", onWrite: KeepVersion);
        }
        else
        {
            Registers.Add(SprdRegisters.Version, 4, "VERSION", RegisterAccess.ReadOnly, version, "[15:8] version");
            _configuration = Registers.Add(hardware.Configuration, 4, "CFG", reset: _options.ResetConfiguration, fields: ConfigurationFields);
            Registers.Add(SprdRegisters.AuthConfiguration, 4, "AUTH_CFG", fields: "no effect here");
        }

        Registers.Add(hardware.Update, 4, "UPDATE", RegisterAccess.WriteOnly, fields: "any write drops the TLB", onWrite: _ => _tlb.InvalidateAll());
        _firstPpn = Registers.Add(SprdRegisters.FirstPpn, 4, "FIRST_PPN", fields: "table PA >> 12");
        _firstVpn = Registers.Add(hardware.FirstVpn, 4, "FIRST_VPN", fields: "first address >> 12");
        _range = Registers.Add(hardware.VpnRange, 4, "VPN_RANGE", fields: "pages of the aperture, minus one");
        _protectReads = Registers.Add(SprdRegisters.DefaultPpn, 4, "DEFAULT_PPN", fields: "protect page PA >> 12");
        _protectWrites = hardware.DefaultPpnOfWrites is { } offset ? Registers.Add(offset, 4, "DEFAULT_PPN_W", fields: "protect page of writes PA >> 12") : _protectReads;

        void KeepVersion(ulong value) => _configuration!.Value = (value & ~(ulong)SprdRegisters.VersionMask) | version;
    }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb? Iotlb => _tlb;

    /// <inheritdoc/>
    /// <remarks>Always empty: the silicon records nothing that Linux could read.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>DMAs that were sent to the protect page.</summary>
    public long Protected { get; private set; }

    /// <inheritdoc/>
    public bool InterruptAsserted => false;

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        if ((_configuration.Value & SprdRegisters.Enable) == 0)
        {
            for (var i = 0; i < requests.Length; i++)
            {
                completions[i] = _options.PassesWhileDisabled
                    ? Land(in requests[i], requests[i].Iova.Value)
                    : new DmaCompletion(default, DmaStatus.Aborted, requests[i].Tag);
            }

            return;
        }

        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(in requests[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static DmaCompletion Land(in DmaRequest request, ulong address) => new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request)
    {
        var iova = request.Iova.Value;
        ref readonly var entry = ref _tlb.Find(0, iova);
        return Unsafe.IsNullRef(in entry) ? Walk(in request) : Land(in request, entry.Translate(iova));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Walk(in DmaRequest request)
    {
        var iova = request.Iova.Value;
        var index = (iova >> PageShift) - _firstVpn.Value;
        if (iova >> PageShift < _firstVpn.Value || index > _range.Value)
            return (_configuration.Value & SprdRegisters.OutOfRangeBypass) != 0 ? Land(in request, iova) : Protect(in request);
        if (!_memory.TryRead32((_firstPpn.Value << PageShift) + (index * 4), out var word) || word == 0)
            return Protect(in request);
        var page = (ulong)word << PageShift;
        _tlb.Insert(new IotlbEntry { Iova = iova, Output = page, PageShift = PageShift, Permissions = PagePermissions.Read | PagePermissions.Write });
        return Land(in request, page | (iova & PageMask));
    }

    private DmaCompletion Protect(in DmaRequest request)
    {
        Protected++;
        var page = (request.Access == DmaAccess.Write ? _protectWrites : _protectReads).Value << PageShift;
        return Land(in request, page | (request.Iova.Value & PageMask));
    }
}
