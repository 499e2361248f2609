using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.MtkV1;

/// <summary>Linux's driver of the first M4U, of 6.1 and of 6.12, with what the SMI driver programs when a larb wakes.</summary>
/// <remarks>Source: drivers/iommu/mtk_iommu_v1.c and drivers/memory/mtk-smi.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117). The domain that is allocated first is the one inside the driver's ARM mapping.</remarks>
public sealed class MtkV1Driver : IIommuDriver
{
    // Registers that a suspend saves, in the order of its reads (:700).
    private static readonly ulong[] Saved =
        [MtkV1Registers.StandardAxiMode, MtkV1Registers.ClockManagement, MtkV1Registers.Control, MtkV1Registers.InterruptControl];

    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly MtkV1DriverOptions _options;
    private readonly uint[] _larbs = new uint[MtkV1Ports.Larbs];
    private readonly HashSet<DmaDevice> _active = [];
    private readonly ulong[] _saved = new ulong[Saved.Length];
    private MtkV1Domain? _internal;
    private MtkV1Domain? _attached;
    private ulong _protect;

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="memory">The memory that the table is written to.</param>
    /// <param name="frames">Where the table and the protect buffer come from.</param>
    /// <param name="options">What varies.</param>
    public MtkV1Driver(KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames, MtkV1DriverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        (Kernel, _memory, _frames, _options) = (kernel, memory, frames, options ?? new MtkV1DriverOptions());
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <summary>The ports of each larb that are to go through the M4U: what the SMI driver is told.</summary>
    public IReadOnlyList<uint> LarbMasks => _larbs;

    /// <inheritdoc/>
    /// <remarks>mtk_iommu_v1_hw_init (:543). The table's address is not set yet.</remarks>
    public IEnumerable<DriverStep> Probe()
    {
        _protect = _frames.Allocate(MtkV1DriverOptions.ProtectBytes);
        _memory.SetOwner(_protect, PhysicalMemory.FrameSize, OwnerTag.ProtectBuffer);
        yield return DriverStep.Write(MtkV1Registers.Control, MtkV1Registers.ControlValue);
        yield return DriverStep.Write(MtkV1Registers.InterruptControl, MtkV1Registers.InterruptEnables);
        yield return DriverStep.Write(MtkV1Registers.ProtectAddress, _protect);
        yield return DriverStep.Write(MtkV1Registers.ClockManagement, MtkV1Registers.ClockManagementValue);
    }

    /// <inheritdoc/>
    /// <remarks>Nothing is programmed. Result: -EINVAL when its ports are not all in one larb.</remarks>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return PortsOf(device).Select(MtkV1Ports.LarbOf).Distinct().Count() == 1 ? [] : [DriverStep.Fail(Errno.EINVAL)];
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => SuspendDevice(device);

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type)
    {
        if (type == DomainType.Identity && Kernel == KernelVersion.Linux612)
            return new MtkV1Domain(type);
        if (type != DomainType.Unmanaged)
            throw new DriverException(Errno.EINVAL, $"the mtk_v1 driver of {Kernel} has no domain of type {type}");
        var domain = new MtkV1Domain(type);
        _internal ??= domain;
        return domain;
    }

    /// <inheritdoc/>
    /// <remarks>:287. For any domain but the internal one the kernel follows a null pointer; here that does nothing.</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        var own = Own(domain);
        if (own.Table is { } table)
            _frames.Free(table.Address, MtkV1PageTable.Bytes);
        own.TakeTable(null);
        return [];
    }

    /// <inheritdoc/>
    /// <remarks>Nothing: the table is made at the first attach.</remarks>
    public void Finalise(IommuDomain domain, DmaDevice device) => Own(domain);

    /// <inheritdoc/>
    /// <remarks>:297, 6.12 :304. Any domain but the internal one: success, and nothing is done. The ports are marked for the SMI driver; no register of theirs is written until the larb wakes.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        if (own.Type == DomainType.Identity)
        {
            Mark(device, translated: false);
            yield break;
        }

        if (own != _internal)
            yield break;
        if (_attached == null)
        {
            own.TakeTable(new MtkV1PageTable(_memory, _frames.Allocate(MtkV1PageTable.Bytes), Kernel));
            _attached = own;
            yield return DriverStep.Write(MtkV1Registers.TableBase, own.Table!.Address);
        }

        Mark(device, translated: true);
    }

    /// <inheritdoc/>
    /// <remarks>6.1 :322, and 6.12's identity domain (6.12 :319), which the core attaches in its place: the mark is taken away. No register is written, now or later.</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        Mark(device, translated: false);
        return [];
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => throw new DriverException(Errno.EOPNOTSUPP, "the mtk_v1 driver has no blocking domain");

    /// <inheritdoc/>
    /// <remarks>The larb's resume (drivers/memory/mtk-smi.c:203-219): marked ports are sent through the M4U; ports without a mark are left as they are.</remarks>
    public IEnumerable<DriverStep> ResumeDevice(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var larb = MtkV1Ports.LarbOf(PortsOf(device)[0]);
        var sleeps = !_active.Any(other => MtkV1Ports.LarbOf(PortsOf(other)[0]) == larb);
        _active.Add(device);
        return sleeps ? WakeLarb(larb) : [];
    }

    /// <inheritdoc/>
    /// <remarks>The ports' registers are in the part of the SMI that is always on.</remarks>
    public IEnumerable<DriverStep> SuspendDevice(DmaDevice device)
    {
        _active.Remove(device);
        return [];
    }

    /// <inheritdoc/>
    /// <remarks>:329 under the core's loop: each chunk is written and its range invalidated, whether it could be mapped or not; after an error what was mapped is unmapped.
    /// -EINVAL for a domain without a table, where the kernel follows a null pointer.</remarks>
    public IEnumerable<DriverStep> Map(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection)
    {
        if (Own(domain).Table is not { } table || ((iova | physical | size) & 0xfff) != 0)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        for (var mapped = 0UL; mapped < size;)
        {
            var (pageSize, count) = Chunk(table, iova + mapped, physical + mapped, size - mapped);
            var result = table.Map(iova + mapped, physical + mapped, pageSize, count, protection, new InvalidationGather());
            foreach (var step in InvalidateRange(iova + mapped, Kernel == KernelVersion.Linux61 ? pageSize : result.Mapped))
                yield return step;
            mapped += result.Mapped;
            if (result.Errno == Errno.None)
                continue;
            foreach (var step in UnmapChunks(table, iova, mapped))
                yield return step;
            yield return DriverStep.Fail(result.Errno);
            yield break;
        }
    }

    /// <summary>The driver's own map operation of one chunk (6.1 :329).</summary>
    public IEnumerable<DriverStep> MapChunk(MtkV1Domain domain, ulong iova, ulong physical, ulong pageSize, ulong count)
    {
        ArgumentNullException.ThrowIfNull(domain);
        var result = domain.Table!.Map(iova, physical, pageSize, count, Protection.Read | Protection.Write, new InvalidationGather());
        foreach (var step in InvalidateRange(iova, Kernel == KernelVersion.Linux61 ? pageSize * count : result.Mapped))
            yield return step;
        yield return DriverStep.Return(-(long)result.Errno);
    }

    /// <summary>The driver's own unmap operation of one chunk (6.1 :358). Result: bytes.</summary>
    public IEnumerable<DriverStep> UnmapChunk(MtkV1Domain domain, ulong iova, ulong pageSize, ulong count)
    {
        ArgumentNullException.ThrowIfNull(domain);
        var done = domain.Table!.Unmap(iova, pageSize, count, new InvalidationGather());
        foreach (var step in InvalidateRange(iova, done))
            yield return step;
        yield return DriverStep.Return((long)done);
    }

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Unmap(IommuDomain domain, ulong iova, ulong size)
    {
        if (Own(domain).Table is not { } table || ((iova | size) & 0xfff) != 0)
        {
            yield return DriverStep.Return(0);
            yield break;
        }

        foreach (var step in UnmapChunks(table, iova, size))
            yield return step;
        yield return DriverStep.Return((long)size);
    }

    /// <inheritdoc/>
    /// <remarks>The driver has no such operation: each map and unmap invalidates its own range.</remarks>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => [];

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => [];

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => [];

    /// <inheritdoc/>
    /// <remarks>:194. Result: 1, it is always this device's.</remarks>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        foreach (var offset in (ulong[])[MtkV1Registers.FaultStatus, MtkV1Registers.FaultAddress, MtkV1Registers.InvalidPhysical, MtkV1Registers.InterruptId])
            yield return DriverStep.Read(offset);
        var control = DriverStep.Read(MtkV1Registers.InterruptControl);
        yield return control;
        yield return DriverStep.Write(MtkV1Registers.InterruptControl, control.Value | MtkV1Registers.InterruptClear);
        foreach (var step in InvalidateAll())
            yield return step;
        yield return DriverStep.Return(1);
    }

    /// <summary>System suspend of the M4U (:700): registers are saved.</summary>
    public IEnumerable<DriverStep> Suspend()
    {
        for (var i = 0; i < Saved.Length; i++)
        {
            var read = DriverStep.Read(Saved[i]);
            yield return read;
            _saved[i] = read.Value;
        }
    }

    /// <summary>System resume of the M4U (:714).</summary>
    public IEnumerable<DriverStep> Resume()
    {
        yield return DriverStep.Write(MtkV1Registers.TableBase, _attached?.Table?.Address ?? 0);
        for (var i = 0; i < Saved.Length; i++)
            yield return DriverStep.Write(Saved[i], _saved[i]);
        yield return DriverStep.Write(MtkV1Registers.ProtectAddress, _protect);
    }

    private static MtkV1Domain Own(IommuDomain domain) => domain as MtkV1Domain ?? throw new ArgumentException("a domain of another driver", nameof(domain));

    private static int[] PortsOf(DmaDevice device)
    {
        var ports = device.Streams.Select(binding => (int)binding.Stream.Value).ToArray();
        return ports.All(port => port < MtkV1Ports.Count) ? ports : throw new DriverException(Errno.EINVAL, $"{device.Name}: ports are 0 to {MtkV1Ports.Count - 1}");
    }

    private static IEnumerable<DriverStep> InvalidateAll()
    {
        yield return DriverStep.Write(MtkV1Registers.InvalidateSelect, MtkV1Registers.BothTlbs);
        yield return DriverStep.Write(MtkV1Registers.Invalidate, MtkV1Registers.InvalidateAll);
    }

    // 6.1's operation takes one page of any size, 6.12's a number of 4 KiB pages.
    private (ulong PageSize, ulong Count) Chunk(MtkV1PageTable table, ulong iova, ulong physical, ulong size)
    {
        var (pageSize, count) = DomainPaging.ChoosePage(table.PageSizeBitmap, iova, physical, size);
        return (pageSize, Kernel == KernelVersion.Linux61 ? 1 : count);
    }

    private IEnumerable<DriverStep> UnmapChunks(MtkV1PageTable table, ulong iova, ulong size)
    {
        for (var unmapped = 0UL; unmapped < size;)
        {
            var (pageSize, count) = Chunk(table, iova + unmapped, iova + unmapped, size - unmapped);
            var done = table.Unmap(iova + unmapped, pageSize, count, new InvalidationGather());
            foreach (var step in InvalidateRange(iova + unmapped, done))
                yield return step;
            unmapped += done;
        }
    }

    // mtk_iommu_v1_tlb_flush_range (:169).
    private IEnumerable<DriverStep> InvalidateRange(ulong iova, ulong size)
    {
        yield return DriverStep.Write(MtkV1Registers.InvalidateSelect, MtkV1Registers.BothTlbs);
        yield return DriverStep.Write(MtkV1Registers.InvalidateStart, (uint)iova & 0xffff_f000);
        yield return DriverStep.Write(MtkV1Registers.InvalidateEnd, (uint)(iova + size - 1) & 0xffff_f000);
        yield return DriverStep.Write(MtkV1Registers.Invalidate, MtkV1Registers.InvalidateRange);
        var done = false;
        for (var poll = 0; poll < _options.PollLimit && !done; poll++)
        {
            var read = DriverStep.Read(MtkV1Registers.InvalidationDone);
            yield return read;
            done = read.Value != 0;
        }

        if (!done)
        {
            foreach (var step in InvalidateAll())
                yield return step;
        }

        yield return DriverStep.Write(MtkV1Registers.InvalidationDone, 0);
    }

    private void Mark(DmaDevice device, bool translated)
    {
        foreach (var port in PortsOf(device))
        {
            var bit = 1u << MtkV1Ports.LocalNumber(port);
            ref var larb = ref _larbs[MtkV1Ports.LarbOf(port)];
            larb = translated ? larb | bit : larb & ~bit;
        }
    }

    private IEnumerable<DriverStep> WakeLarb(int larb)
    {
        for (var local = 0; local < MtkV1Ports.ConfiguredPorts(larb); local++)
        {
            if ((_larbs[larb] & (1u << local)) == 0)
                continue;
            var port = MtkV1Ports.Flat(larb, local);
            var (offset, shift) = (MtkV1Registers.PortControl + (4 * ((ulong)port / 8)), 4 * (port % 8));
            var word = DriverStep.Read(offset);
            yield return word;
            yield return DriverStep.Write(offset, (word.Value & ~(0xfUL << shift)) | ((ulong)MtkV1Registers.PortTranslated << shift));
        }
    }
}
