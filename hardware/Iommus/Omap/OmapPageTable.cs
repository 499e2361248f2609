using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.Omap;

/// <summary>The tables of an attached domain: one for each MMU of the device, all with the same mappings.</summary>
/// <remarks>The kernel flushes the TLB inside each call, before it stores an entry and after it has cleared one (<see cref="OmapDriver.Map"/>); who calls
/// here gets these flushes from <see cref="OmapDriver.SyncMap"/> and <see cref="OmapDriver.Sync"/>.</remarks>
public sealed class OmapPageTable : IPageTable
{
    private readonly OmapTableWriter _writer;
    private readonly ulong[] _roots;

    internal OmapPageTable(OmapTableWriter writer, int tables)
    {
        _writer = writer;
        _roots = [.. Enumerable.Range(0, tables).Select(_ => writer.AllocateRoot())];
    }

    /// <summary>Addresses of the first-level tables, in the order of the device's MMUs.</summary>
    public IReadOnlyList<ulong> Roots => _roots;

    /// <inheritdoc/>
    /// <remarks>4 KiB, 64 KiB, 1 MiB, 16 MiB.</remarks>
    public ulong PageSizeBitmap => OmapTableWriter.PageSizes;

    /// <inheritdoc/>
    public int InputBits => 32;

    /// <inheritdoc/>
    /// <remarks>omap_iommu_map, 6.1 :1321. The protection is ignored: every page can be read and written.</remarks>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        for (var done = 0UL; done < count * pageSize; done += pageSize)
        {
            for (var i = 0; i < _roots.Length; i++)
            {
                var errno = _writer.Store(_roots[i], (uint)(iova + done), (uint)(physical + done), pageSize);
                if (errno == Errno.None)
                    continue;
                while (i-- > 0)
                    _writer.Clear(_roots[i], (uint)(iova + done));
                return new MapResult(errno, done);
            }

            gather.AddPage(iova + done, pageSize, pageSize);
        }

        return new MapResult(Errno.None, count * pageSize);
    }

    /// <inheritdoc/>
    /// <remarks>omap_iommu_unmap, 6.1 :1365: as much as the entry covers, whatever the page size asked for.</remarks>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        var done = 0UL;
        while (done < count * pageSize)
        {
            gather.AddPage(iova + done, pageSize, pageSize);
            var bytes = _roots.Select(root => _writer.Clear(root, (uint)(iova + done))).ToList();
            if (bytes.Contains(0))
                break;
            done += bytes[^1];
        }

        return done;
    }

    /// <inheritdoc/>
    /// <remarks>In the first MMU's table.</remarks>
    public ulong? Lookup(ulong iova) => _writer.Lookup(_roots[0], (uint)iova);

    /// <inheritdoc/>
    /// <remarks>Nothing is ever left to be freed: an unmap frees a table before it flushes the TLB.</remarks>
    public void Release(ulong address, ulong bytes)
    {
    }

    /// <inheritdoc/>
    public void Free()
    {
        foreach (var root in _roots)
        {
            _writer.ClearAll(root);
            _writer.FreeRoot(root);
        }
    }
}
