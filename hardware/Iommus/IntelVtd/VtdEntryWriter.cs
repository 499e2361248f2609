using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Writes and clears root, context and PASID entries, with the invalidations that follow. P is the last store when an entry is made and the
/// first when it is cleared.</summary>
/// <remarks>Source: Linux 6.1 (stable) drivers/iommu/intel/iommu.c, iommu_context_addr, domain_context_mapping_one, domain_context_clear_one; pasid.c.</remarks>
public sealed class VtdEntryWriter
{
    private readonly IFrameAllocator _frames;
    private readonly PhysicalMemory _memory;
    private readonly KernelVersion _kernel;
    private readonly VtdInvalidator _invalidator;

    /// <summary>Makes the writer.</summary>
    /// <param name="memory">The driver reads back its own tables here.</param>
    /// <param name="frames">Where tables come from.</param>
    /// <param name="kernel">Whose sequences.</param>
    /// <param name="invalidator">The invalidations.</param>
    public VtdEntryWriter(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, VtdInvalidator invalidator) =>
        (_memory, _frames, _kernel, _invalidator) = (memory, frames, kernel, invalidator);

    /// <summary>Where a requester's context entry is; null when its table does not exist.</summary>
    public ulong? FindContext(VtdUnit unit, ushort source)
    {
        var root = new VtdRootEntry(_memory.Read64(RootSlot(unit, source)));
        return root.IsPresent ? root.ContextTable + ContextOffset(unit, source) : null;
    }

    /// <summary>Whether a requester's context entry is present.</summary>
    public bool HasContext(VtdUnit unit, ushort source) => FindContext(unit, source) is { } slot && (_memory.Read64(slot) & VtdContextEntry.Present) != 0;

    /// <summary>Writes a context entry that is not present: words cleared, high word, low word, P.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="source">The requester.</param>
    /// <param name="low">The low word with P.</param>
    /// <param name="high">The high word.</param>
    public IEnumerable<DriverStep> SetContext(VtdUnit unit, ushort source, ulong low, ulong high)
    {
        foreach (var step in ClearedContext(unit, source))
            yield return step;
        var slot = FindContext(unit, source)!.Value;
        if (high != 0)
            yield return DriverStep.Store(slot + 8, high, $"context {source:x} hi");
        yield return DriverStep.Store(slot, low & ~VtdContextEntry.Present, $"context {source:x} lo");
        yield return DriverStep.Store(slot, low, $"context {source:x} lo");
    }

    /// <summary>Clears both words of a context entry, in a table that is made when it does not exist, and stops there with the domain id set: what a
    /// mapping leaves that fails.</summary>
    public IEnumerable<DriverStep> SetUnfinishedContext(VtdUnit unit, ushort source, ulong high)
    {
        foreach (var step in ClearedContext(unit, source))
            yield return step;
        yield return DriverStep.Store(FindContext(unit, source)!.Value + 8, high, $"context {source:x} hi");
    }

    /// <summary>After a context entry was made: caching mode flushes what may be cached of domain 0, others their write buffer.</summary>
    public IEnumerable<DriverStep> FlushNewContext(VtdUnit unit, ushort source, ushort domain)
    {
        ArgumentNullException.ThrowIfNull(unit);
        return unit.Capability.CachingMode
            ? _invalidator.Context(unit, VtdGranularity.Narrow, 0, source).Concat(_invalidator.Iotlb(unit, VtdGranularity.Domain, domain))
            : _invalidator.WriteBuffer(unit);
    }

    /// <summary>Clears a context entry: P, then the invalidations, then the rest. 6.12 names the device's own requester id for its aliases too, so that
    /// their entries stay in the context cache (pasid.c, intel_context_flush_present).</summary>
    /// <param name="device">The device; its own TLB is flushed last.</param>
    /// <param name="source">The requester.</param>
    /// <param name="scalableDomain">Scalable mode: the domain id to invalidate; the legacy entry holds its own.</param>
    public IEnumerable<DriverStep> ClearContext(VtdAttachment device, ushort source, ushort scalableDomain)
    {
        ArgumentNullException.ThrowIfNull(device);
        var unit = device.Unit;
        if (FindContext(unit, source) is not { } slot)
            yield break;
        var entry = new VtdContextEntry(_memory.Read64(slot), _memory.Read64(slot + 8));
        var domain = unit.Scalable ? scalableDomain : entry.Domain;
        yield return DriverStep.Store(slot, entry.Low & ~VtdContextEntry.Present, $"context {source:x} lo");
        foreach (var step in _invalidator.Context(unit, VtdGranularity.Narrow, domain, _kernel == KernelVersion.Linux61 ? source : device.Sources[0]))
            yield return step;
        if (unit.Scalable)
        {
            foreach (var step in _invalidator.Submit(unit, VtdDescriptor.PasidCacheOfDomain(domain)))
                yield return step;
        }

        foreach (var step in _invalidator.Iotlb(unit, VtdGranularity.Domain, domain))
            yield return step;
        foreach (var step in _invalidator.DeviceTlb(device))
            yield return step;
        yield return DriverStep.Store(slot, 0, $"context {source:x} lo");
        yield return DriverStep.Store(slot + 8, 0, $"context {source:x} hi");
    }

    /// <summary>6.12, release of a device in scalable mode: the PASID entry is gone already, so only the context cache is invalidated, and
    /// that under the device's own requester id.</summary>
    public IEnumerable<DriverStep> ReleaseContext(VtdAttachment device, ushort source)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (FindContext(device.Unit, source) is not { } slot)
            yield break;
        yield return DriverStep.Store(slot, _memory.Read64(slot) & ~VtdContextEntry.Present, $"context {source:x} lo");
        foreach (var step in _invalidator.Context(device.Unit, VtdGranularity.Narrow, 0, device.Sources[0]))
            yield return step;
        foreach (var step in _invalidator.DeviceTlb(device))
            yield return step;
        yield return DriverStep.Store(slot, 0, $"context {source:x} lo");
        yield return DriverStep.Store(slot + 8, 0, $"context {source:x} hi");
    }

    /// <summary>Writes the PASID entry of requests without PASID: cleared, words 2 and 1, word 0 without P, P; then the flush of a new entry.</summary>
    public IEnumerable<DriverStep> SetPasid(VtdAttachment device, VtdPasidEntry entry)
    {
        ArgumentNullException.ThrowIfNull(device);
        foreach (var step in MakePasidTable(device).Concat(ZeroPasid(device)))
            yield return step;
        if (entry.Word2 != 0)
            yield return DriverStep.Store(device.PasidTable + 16, entry.Word2, "PASID 0 q2");
        yield return DriverStep.Store(device.PasidTable + 8, entry.Word1, "PASID 0 q1");
        yield return DriverStep.Store(device.PasidTable, entry.Word0 & ~VtdPasidEntry.Present, "PASID 0 q0");
        yield return DriverStep.Store(device.PasidTable, entry.Word0, "PASID 0 q0");
        var unit = device.Unit;
        var flush = unit.Capability.CachingMode
            ? _invalidator.Submit(unit, VtdDescriptor.PasidCacheOfPasid(entry.Domain, 0)).Concat(_invalidator.Submit(unit, VtdDescriptor.PasidIotlb(entry.Domain, 0)))
            : _invalidator.WriteBuffer(unit);
        foreach (var step in flush)
            yield return step;
    }

    /// <summary>Whether the PASID entry of requests without PASID is present.</summary>
    public bool HasPasid(VtdAttachment device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.PasidTable != 0 && (_memory.Read64(device.PasidTable) & VtdPasidEntry.Present) != 0;
    }

    /// <summary>Tears the PASID entry of requests without PASID down (intel_pasid_tear_down_entry); when it is not present, its table is made if need be
    /// (intel_pasid_get_entry), and nothing else happens.</summary>
    public IEnumerable<DriverStep> ClearPasid(VtdAttachment device)
    {
        ArgumentNullException.ThrowIfNull(device);
        foreach (var step in MakePasidTable(device))
            yield return step;
        if (!HasPasid(device))
            yield break;
        var unit = device.Unit;
        var entry = new VtdPasidEntry(_memory.Read64(device.PasidTable), _memory.Read64(device.PasidTable + 8), _memory.Read64(device.PasidTable + 16));
        yield return DriverStep.Store(device.PasidTable, entry.Word0 & ~VtdPasidEntry.Present, "PASID 0 q0");
        foreach (var step in _invalidator.Submit(unit, VtdDescriptor.PasidCacheOfPasid(entry.Domain, 0)))
            yield return step;
        var iotlb = entry.Type is VtdPasidTranslation.FirstLevel or VtdPasidTranslation.PassThrough
            ? _invalidator.Submit(unit, VtdDescriptor.PasidIotlb(entry.Domain, 0))
            : _invalidator.Iotlb(unit, VtdGranularity.Domain, entry.Domain);
        foreach (var step in iotlb)
            yield return step;
        if (!unit.Capability.CachingMode)
        {
            foreach (var step in _invalidator.DeviceTlb(device))
                yield return step;
        }

        foreach (var step in ZeroPasid(device))
            yield return step;
    }

    private static ulong RootSlot(VtdUnit unit, ushort source) =>
        unit.RootTable + ((ulong)(source >> 8) * 16) + (unit.Scalable && (source & 0x80) != 0 ? 8UL : 0);

    private static ulong ContextOffset(VtdUnit unit, ushort source) =>
        unit.Scalable ? (source & 0x7fUL) * VtdScalableContextEntry.Size : (source & 0xffUL) * 16;

    private IEnumerable<DriverStep> MakePasidTable(VtdAttachment device)
    {
        if (device.PasidTable != 0)
            yield break;
        device.PasidTable = _frames.Allocate(PhysicalMemory.FrameSize);
        yield return DriverStep.Store(device.PasidDirectory, VtdPasidDirectoryEntry.Create(device.PasidTable).Raw, "PASID directory 0");
    }

    private static IEnumerable<DriverStep> ZeroPasid(VtdAttachment device)
    {
        for (var word = 0UL; word < VtdPasidEntry.Size; word += 8)
            yield return DriverStep.Store(device.PasidTable + word, 0, $"PASID 0 q{word / 8}");
    }

    private IEnumerable<DriverStep> ClearedContext(VtdUnit unit, ushort source)
    {
        if (FindContext(unit, source) == null)
        {
            var table = _frames.Allocate(PhysicalMemory.FrameSize);
            yield return DriverStep.Store(RootSlot(unit, source), VtdRootEntry.Create(table).Raw, $"root {source >> 8:x}");
        }

        var slot = FindContext(unit, source)!.Value;
        yield return DriverStep.Store(slot, 0, $"context {source:x} lo");
        yield return DriverStep.Store(slot + 8, 0, $"context {source:x} hi");
    }
}
