using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.TegraGart;

/// <summary>Linux 6.1's GART driver, and the memory controller driver's fault handler. Later kernels have none.</summary>
/// <remarks>Source: Linux 6.1.192 drivers/iommu/tegra-gart.c, drivers/memory/tegra/tegra20.c.</remarks>
public sealed class TegraGartDriver : IIommuDriver
{
    private const ulong Page = 0x1000;

    private const uint Unmasked = TegraGartRegisters.DecodeError | TegraGartRegisters.InvalidPage | TegraGartRegisters.SecurityViolation;

    private static readonly (uint Cause, ulong Request)[] Causes =
    [
        (TegraGartRegisters.DecodeError, TegraGartRegisters.DecodeErrorStatus),
        (TegraGartRegisters.InvalidPage, TegraGartRegisters.ErrorRequest),
        (TegraGartRegisters.SecurityViolation, TegraGartRegisters.SecurityViolationStatus),
    ];

    private readonly TegraGartOptions _options;
    private readonly Dictionary<DmaDevice, TegraGartDomain> _attached = [];
    private readonly uint[] _saved;

    /// <summary>Makes the driver.</summary>
    public TegraGartDriver(TegraGartOptions? options = null)
    {
        _options = options ?? new TegraGartOptions();
        _saved = new uint[_options.ApertureSize / Page];
    }

    /// <inheritdoc/>
    public KernelVersion Kernel => KernelVersion.Linux61;

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <summary>The one domain that devices are attached to; null for none.</summary>
    public TegraGartDomain? ActiveDomain { get; private set; }

    private ulong End => _options.ApertureBase + _options.ApertureSize;

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Probe() =>
        ProbeGart().Append(DriverStep.Write(TegraGartRegisters.InterruptMask, Unmasked));

    /// <summary>The GART's part of the bring-up (:313): every entry is cleared, then the unit is turned on.</summary>
    public IEnumerable<DriverStep> ProbeGart() => Enable(_ => 0);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.Stream.Value <= TegraGartRegisters.LastClient ? [] : [DriverStep.Fail(Errno.ENODEV)];
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type) => type == DomainType.Unmanaged
        ? new TegraGartDomain(new DomainGeometry(_options.ApertureBase, End - 1))
        : throw new DriverException(Errno.EINVAL, $"the tegra-gart driver has no domain of type {type}");

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain) => [];

    /// <inheritdoc/>
    public void Finalise(IommuDomain domain, DmaDevice device) => Own(domain);

    /// <inheritdoc/>
    /// <remarks>:106. No register is written. Result: -EBUSY while another domain is active.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        if (ActiveDomain != null && ActiveDomain != own)
            return [DriverStep.Fail(Errno.EBUSY)];
        ActiveDomain = own;
        _attached[device] = own;
        return [];
    }

    /// <inheritdoc/>
    /// <remarks>:127. No register is written and no entry cleared.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        if (_attached.TryGetValue(device, out var attached) && attached == domain)
            _attached.Remove(device);
        if (_attached.Count == 0)
            ActiveDomain = null;
        return [];
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => throw new DriverException(Errno.EOPNOTSUPP, "the tegra-gart driver has no blocking domain");

    /// <inheritdoc/>
    /// <remarks>:180 under the core's loop: page by page, then the flush; after an error what was mapped is unmapped. -EINVAL outside the aperture or where gart_debug finds the entry in use.</remarks>
    public IEnumerable<DriverStep> Map(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection)
    {
        if (((iova | physical | size) & (Page - 1)) != 0)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        var mapped = 0UL;
        var failed = false;
        for (; mapped < size && !failed; mapped += failed ? 0 : Page)
        {
            foreach (var step in MapPage(iova + mapped, physical + mapped))
            {
                failed = step is { Kind: DriverStepKind.Return, Result: < 0 };
                if (step.Kind != DriverStepKind.Return)
                    yield return step;
            }
        }

        if (failed)
        {
            foreach (var step in Unmap(domain, iova, mapped).Where(step => step.Kind != DriverStepKind.Return))
                yield return step;
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        yield return Flush();
    }

    /// <summary>The driver's own map operation of a page (:180).</summary>
    public IEnumerable<DriverStep> MapPage(ulong iova, ulong physical)
    {
        if (IsOutside(iova))
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        if (_options.Debug)
        {
            yield return Select(iova);
            var entry = DriverStep.Read(TegraGartRegisters.EntryData);
            yield return entry;
            if ((entry.Value & TegraGartRegisters.Valid) != 0)
            {
                yield return DriverStep.Fail(Errno.EINVAL);
                yield break;
            }
        }

        yield return Select(iova);
        yield return DriverStep.Write(TegraGartRegisters.EntryData, TegraGartRegisters.Valid | (uint)physical);
    }

    /// <inheritdoc/>
    /// <remarks>:209 under the core's loop, then the flush; the flush alone for what is not made of whole pages.</remarks>
    public IEnumerable<DriverStep> Unmap(IommuDomain domain, ulong iova, ulong size)
    {
        var unmapped = 0UL;
        for (var done = ((iova | size) & (Page - 1)) == 0 ? Page : 0; unmapped < size && done != 0; unmapped += done)
        {
            foreach (var step in UnmapPage(iova + unmapped))
            {
                if (step.Kind != DriverStepKind.Return)
                    yield return step;
                else
                    done = (ulong)step.Result;
            }
        }

        yield return Flush();
        yield return DriverStep.Return((long)unmapped);
    }

    /// <summary>The driver's own unmap operation of a page (:209). Result: 4096, or 0 outside the aperture and where gart_debug finds the entry not in use.</summary>
    public IEnumerable<DriverStep> UnmapPage(ulong iova)
    {
        if (IsOutside(iova))
        {
            yield return DriverStep.Return(0);
            yield break;
        }

        if (_options.Debug)
        {
            yield return Select(iova);
            var entry = DriverStep.Read(TegraGartRegisters.EntryData);
            yield return entry;
            if ((entry.Value & TegraGartRegisters.Valid) == 0)
            {
                yield return DriverStep.Return(0);
                yield break;
            }
        }

        yield return Select(iova);
        yield return DriverStep.Write(TegraGartRegisters.EntryData, 0);
        yield return DriverStep.Return((long)Page);
    }

    /// <summary>Software's lookup (iova_to_phys, :225): the entry without its valid bit; the offset is dropped. Result: the address, or -EINVAL outside the aperture.</summary>
    public IEnumerable<DriverStep> Lookup(ulong iova)
    {
        if (IsOutside(iova))
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        yield return Select(iova);
        var entry = DriverStep.Read(TegraGartRegisters.EntryData);
        yield return entry;
        yield return DriverStep.Return((long)(entry.Value & TegraGartRegisters.PageMask));
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => [Flush()];

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => [Flush()];

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => [];

    /// <inheritdoc/>
    /// <remarks>The memory controller's handler: it logs and acknowledges. Result: 1 when it had something to handle, else 0.</remarks>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        var status = DriverStep.Read(TegraGartRegisters.InterruptStatus);
        yield return status;
        foreach (var (cause, request) in Causes)
        {
            if ((status.Value & cause) == 0)
                continue;
            yield return DriverStep.Read(request);
            yield return DriverStep.Read(request + 4);
        }

        if (status.Value == 0)
        {
            yield return DriverStep.Return(0);
            yield break;
        }

        yield return DriverStep.Write(TegraGartRegisters.InterruptStatus, status.Value);
        yield return DriverStep.Return(1);
    }

    /// <summary>Suspend (:287): the unit is turned off, and every entry saved.</summary>
    public IEnumerable<DriverStep> Suspend()
    {
        yield return DriverStep.Write(TegraGartRegisters.Configuration, 0);
        yield return Flush();
        for (var i = 0; i < _saved.Length; i++)
        {
            yield return Select(_options.ApertureBase + ((ulong)i * Page));
            var entry = DriverStep.Read(TegraGartRegisters.EntryData);
            yield return entry;
            _saved[i] = (uint)entry.Value;
        }
    }

    /// <summary>Resume (:306): every entry is written back, then the unit is turned on.</summary>
    public IEnumerable<DriverStep> Resume() => Enable(i => _saved[i]);

    private static TegraGartDomain Own(IommuDomain domain) => domain as TegraGartDomain ?? throw new ArgumentException("a domain of another driver", nameof(domain));

    private static DriverStep Select(ulong iova) => DriverStep.Write(TegraGartRegisters.EntryAddress, iova);

    private static DriverStep Flush() => DriverStep.Read(TegraGartRegisters.Configuration);

    private bool IsOutside(ulong iova) => iova < _options.ApertureBase || iova + Page > End;

    private IEnumerable<DriverStep> Enable(Func<int, uint> entry)
    {
        for (var i = 0; i < _saved.Length; i++)
        {
            yield return Select(_options.ApertureBase + ((ulong)i * Page));
            yield return DriverStep.Write(TegraGartRegisters.EntryData, entry(i));
        }

        yield return DriverStep.Write(TegraGartRegisters.Configuration, TegraGartRegisters.Enable);
        yield return Flush();
    }
}
