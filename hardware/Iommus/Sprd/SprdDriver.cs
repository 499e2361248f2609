using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.Sprd;

/// <summary>Linux's driver of the Unisoc IOMMU, of 6.1 and of 6.12.</summary>
/// <remarks>Source: drivers/iommu/sprd-iommu.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117).</remarks>
public sealed class SprdDriver : IIommuDriver
{
    private readonly SprdHardware _hardware;
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly Unit[] _units;

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="hardware">The version of all instances.</param>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables and protect pages come from.</param>
    /// <param name="units">Instances, one for each master.</param>
    public SprdDriver(KernelVersion kernel, SprdHardware hardware, PhysicalMemory memory, IFrameAllocator frames, int units = 1)
    {
        ArgumentNullException.ThrowIfNull(hardware);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        (Kernel, _hardware, _memory, _frames) = (kernel, hardware, memory, frames);
        _units = [.. Enumerable.Range(0, units).Select(_ => new Unit())];
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Probe() => DriverSequence.InTurn(Enumerable.Range(0, _units.Length).Select(Probe));

    /// <summary>Bring-up of one instance (:440): the protect page, and the version. Result: -EINVAL for a version that the driver does not know.</summary>
    public IEnumerable<DriverStep> Probe(int unit)
    {
        var protect = _frames.Allocate(PhysicalMemory.FrameSize);
        _memory.SetOwner(protect, PhysicalMemory.FrameSize, OwnerTag.ProtectBuffer);
        var version = DriverStep.Read(SprdRegisters.Version, unit: unit);
        yield return version;
        if ((version.Value & SprdRegisters.VersionMask) >> SprdRegisters.VersionShift != _hardware.Version)
        {
            _frames.Free(protect, PhysicalMemory.FrameSize);
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        _units[unit].ProtectPage = protect;
    }

    /// <inheritdoc/>
    /// <remarks>Nothing is programmed. Result: -ENODEV behind an instance that was not probed.</remarks>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device) => _units[UnitOf(device)].ProtectPage == 0 ? [DriverStep.Fail(Errno.ENODEV)] : [];

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type) => type switch
    {
        DomainType.Dma or DomainType.Unmanaged => new SprdDomain(type),
        _ => throw new DriverException(Errno.EINVAL, $"the sprd driver of {Kernel} has no domain of type {type}"),
    };

    /// <inheritdoc/>
    /// <remarks>6.1 :227, 6.12 :225: the table is freed, then the instance is turned off.</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        var own = Own(domain);
        return own.Unit is { } unit ? CleanUp(own, unit) : [];
    }

    /// <inheritdoc/>
    /// <remarks>Nothing: the table is made at the attach.</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device) => Own(domain);

    /// <inheritdoc/>
    /// <remarks>6.1 :249: -EINVAL for a domain that has a device. 6.12 :247: nothing for the instance's own domain, else it is off in between;
    /// table and aperture go to the instance that the domain was attached to first, protect page and switch to this one. Neither writes UPDATE.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        var index = UnitOf(device);
        var unit = _units[index];
        if (Kernel == KernelVersion.Linux61 && own.Unit != null)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        if (Kernel == KernelVersion.Linux612 && unit.Domain == own)
            yield break;
        if (own.Unit == null)
        {
            own.TakeTable(new SprdPageTable(_memory, _frames.Allocate(SprdPageTable.Bytes), Kernel));
            own.Unit = index;
        }

        unit.Domain = own;
        var home = own.Unit.Value;
        if (Kernel == KernelVersion.Linux612)
        {
            foreach (var step in Switch(index, on: false))
                yield return step;
        }

        yield return DriverStep.Write(SprdRegisters.FirstPpn, own.Table!.Address >> 12, unit: home);
        yield return DriverStep.Write(_hardware.FirstVpn, 0, unit: home);
        yield return DriverStep.Write(_hardware.VpnRange, (SprdPageTable.ApertureSize >> 12) - 1, unit: home);
        yield return DriverStep.Write(SprdRegisters.DefaultPpn, unit.ProtectPage >> 12, unit: index);
        if (_hardware.DefaultPpnOfWrites is { } writes)
            yield return DriverStep.Write(writes, unit.ProtectPage >> 12, unit: index);
        foreach (var step in Switch(index, on: true))
            yield return step;
    }

    /// <inheritdoc/>
    /// <remarks>6.1 :276: the table is freed first, and the silicon is turned off after that. 6.12 has none: the core attaches the default domain, an empty DMA domain.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        if (Kernel == KernelVersion.Linux61)
            return own.Unit is { } unit ? CleanUp(own, unit) : [];
        var index = UnitOf(device);
        return Attach(_units[index].Default ??= new SprdDomain(DomainType.Dma), device);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => throw new DriverException(Errno.EOPNOTSUPP, "the sprd driver has no blocking domain");

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Map(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection) =>
        Own(domain).Unit == null ? [DriverStep.Fail(Errno.EINVAL)] : DomainMapping.Map(this, domain, iova, physical, size, protection);

    /// <summary>The driver's own map operation (6.1 :291; 6.12 map_pages): -EINVAL for a domain that is not attached, or outside the aperture.</summary>
    public MapResult MapPages(SprdDomain domain, ulong iova, ulong physical, ulong pageSize, ulong count)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return domain.Unit == null
            ? new MapResult(Errno.EINVAL, 0)
            : domain.Table!.Map(iova, physical, pageSize, count, Protection.Read | Protection.Write, new InvalidationGather());
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => Update(domain);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => Update(domain);

    /// <inheritdoc/>
    /// <remarks>The driver has no such operation.</remarks>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => [];

    /// <inheritdoc/>
    public IEnumerable<DriverStep> HandleInterrupt() => [];

    private static SprdDomain Own(IommuDomain domain) => domain as SprdDomain ?? throw new ArgumentException("a domain of another driver", nameof(domain));

    private int UnitOf(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var unit = device.Streams[0].Unit;
        return unit < _units.Length ? unit : throw new DriverException(Errno.EINVAL, $"{device.Name} is behind instance {unit}, there are {_units.Length}");
    }

    private IEnumerable<DriverStep> Update(IommuDomain domain) =>
        Own(domain).Unit is { } unit ? [DriverStep.Write(_hardware.Update, uint.MaxValue, unit: unit)] : [];

    private IEnumerable<DriverStep> CleanUp(SprdDomain domain, int unit)
    {
        _frames.Free(domain.Table!.Address, SprdPageTable.Bytes);
        foreach (var step in Switch(unit, on: false))
            yield return step;
        domain.Unit = null;
    }

    private IEnumerable<DriverStep> Switch(int unit, bool on)
    {
        const uint Bits = SprdRegisters.Enable | SprdRegisters.GateEnable;
        var configuration = DriverStep.Read(_hardware.Configuration, unit: unit);
        yield return configuration;
        yield return DriverStep.Write(_hardware.Configuration, on ? configuration.Value | Bits : configuration.Value & ~(ulong)Bits, unit: unit);
    }

    private sealed class Unit
    {
        public ulong ProtectPage { get; set; }

        public SprdDomain? Domain { get; set; }

        public SprdDomain? Default { get; set; }
    }
}
