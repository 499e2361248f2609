using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Core.Vfio;

/// <summary>An opened /dev/vfio/vfio: groups that share one address space of type 1 (version 2).</summary>
/// <remarks>Source: Linux 6.12 drivers/vfio/container.c and vfio_iommu_type1.c. Sequences and their results: see <see cref="IommufdContext"/>.</remarks>
public sealed class VfioContainer(VfioOptions? options = null)
{
    private readonly IoPagetable _pagetable = new();
    private readonly List<VfioGroup> _groups = [];
    private readonly Dictionary<VfioGroup, PagetableDomain> _domains = [];

    /// <summary>Whether an IOMMU was chosen.</summary>
    public bool HasIommu { get; private set; }

    /// <summary>The groups.</summary>
    public IReadOnlyList<VfioGroup> Groups => _groups;

    /// <summary>What is not the user's to choose.</summary>
    internal VfioOptions Options { get; } = options ?? new VfioOptions();

    /// <summary>Chooses type 1 (VFIO_SET_IOMMU): every group is attached. Result: 0. -EINVAL: no groups, chosen already, or a group's apertures do not fit.
    /// -EPERM: interrupts are not isolated. Else the attach's error, and nothing is chosen.</summary>
    public IEnumerable<DriverStep> SetIommu()
    {
        if (_groups.Count == 0 || HasIommu)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        var call = new DriverCall();
        foreach (var group in _groups)
        {
            foreach (var step in call.Run(() => AttachDomain(group)))
                yield return step;
            if (!call.Failed)
                continue;
            foreach (var step in _groups.SelectMany(DetachDomain))
                yield return step;
            yield return call.Return;
            yield break;
        }

        HasIommu = true;
    }

    /// <summary>Maps a buffer (VFIO_IOMMU_MAP_DMA). Result: 0. -EINVAL: no IOMMU was chosen, misaligned, reserved or no access. -EEXIST: something is mapped there.
    /// -EFAULT: a page is
    /// missing.</summary>
    /// <param name="memory">The buffer, all of it.</param>
    /// <param name="iova">The input address.</param>
    /// <param name="protection">What devices may do.</param>
    public IEnumerable<DriverStep> MapDma(UserMemory memory, ulong iova, Protection protection)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (!HasIommu || (protection & (Protection.Read | Protection.Write)) == Protection.None)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        var pages = new IoPages(memory, (protection & Protection.Write) != 0);
        var call = new DriverCall();
        foreach (var step in call.Run(() => _pagetable.Map([new PageSlice(pages, 0, memory.Length)], iova, protection | Protection.Cache)))
            yield return step;
        yield return call.Failed ? call.Return : DriverStep.Return(0);
    }

    /// <summary>Unmaps (VFIO_IOMMU_UNMAP_DMA). Result: bytes; 0 is no error. -EINVAL: no IOMMU was chosen, no length, the range wraps or cuts a mapping.</summary>
    public IEnumerable<DriverStep> UnmapDma(ulong iova, ulong length)
    {
        var range = new IovaRange(iova, iova + (length - 1));
        var call = new DriverCall();
        if (!HasIommu || length == 0 || range.Last < range.First || _pagetable.Mapped.Any(area => area.Overlaps(range) && !range.Contains(area)))
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        foreach (var step in call.Run(() => _pagetable.Unmap(range)))
            yield return step;
        yield return call.Return;
    }

    /// <summary>Adds a group that was claimed for it (container.c:436). Result: 0 or the error, and nothing changed.</summary>
    internal IEnumerable<DriverStep> Attach(VfioGroup group)
    {
        var call = new DriverCall();
        foreach (var step in HasIommu ? call.Run(() => AttachDomain(group)) : [])
            yield return step;
        if (!call.Failed)
            _groups.Add(group);
        yield return call.Return;
    }

    /// <summary>Takes a group out; with the last one the choice of the IOMMU and all mappings are gone.</summary>
    internal IEnumerable<DriverStep> Detach(VfioGroup group)
    {
        _groups.Remove(group);
        foreach (var step in DetachDomain(group))
            yield return step;
        if (_groups.Count > 0)
            yield break;
        HasIommu = false;
        foreach (var step in new DriverCall().Run(() => _pagetable.Unmap(IovaRange.All)))
            yield return step;
    }

    private IEnumerable<DriverStep> AttachDomain(VfioGroup group)
    {
        if (group.IsNoIommu)
            yield break;
        if (group.Devices.Any(device => !device.Iommu.IsolatedMsi) && !Options.AllowUnsafeInterrupts)
        {
            yield return DriverStep.Fail(Errno.EPERM);
            yield break;
        }

        var driver = group.Devices[0].Iommu.Driver;
        PagetableDomain? entry = null;
        var call = new DriverCall();
        var refused = DriverCall.Try(() =>
        {
            entry = new PagetableDomain(driver, driver.AllocateDomain(DomainType.Unmanaged));
            driver.Finalise(entry.Domain, group.Devices[0].Iommu.Device);
        });
        if (refused == Errno.None)
        {
            foreach (var step in call.Run(() => group.Group.AttachGroup(entry!.Domain)))
                yield return step;
            refused = call.Errno;
        }

        if (refused == Errno.None)
        {
            _domains[group] = entry!;
            foreach (var device in group.Devices)
                refused = refused == Errno.None ? _pagetable.Reserve(device.Iommu) : refused;
            foreach (var step in call.Run(() => refused == Errno.None ? _pagetable.AddDomain(entry!) : [DriverStep.Fail(refused)]))
                yield return step;

            // A conflict with what is mapped already is -EINVAL here (vfio_iommu_type1.c).
            refused = call.Errno == Errno.EADDRINUSE ? Errno.EINVAL : call.Errno;
            foreach (var step in refused == Errno.None ? [] : DetachDomain(group))
                yield return step;
        }
        else if (entry != null)
        {
            foreach (var step in call.Run(() => driver.FreeDomain(entry.Domain)))
                yield return step;
        }

        yield return DriverStep.Fail(refused);
    }

    private IEnumerable<DriverStep> DetachDomain(VfioGroup group)
    {
        if (!_domains.Remove(group, out var entry))
            yield break;
        foreach (var step in new DriverCall().Run(() => group.Group.DetachGroup(entry.Domain)))
            yield return step;
        foreach (var step in _pagetable.RemoveDomain(entry))
            yield return step;
        foreach (var device in group.Devices)
            _pagetable.Unreserve(device.Iommu);
        foreach (var step in new DriverCall().Run(() => entry.Driver.FreeDomain(entry.Domain)))
            yield return step;
    }
}
