using System.Buffers.Binary;
using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Core.Iommufd;

/// <summary>A driver without hardware that can do all that iommufd asks for, as the mock of the kernel's selftest.</summary>
internal sealed class MockDriver : IUserDomainDriver, IPageFaultDriver
{
    public const uint DataType = 0xdead;
    public const int CacheEntries = 4;
    public const int InvalidationLength = 8;

    private readonly MockDomain _blocked = new(DomainType.Blocked);

    public KernelVersion Kernel { get; init; } = KernelVersion.Linux612;

    public bool HasNativeBlocking => true;

    public Dictionary<string, MockDomain> Attached { get; } = [];

    public List<string> Calls { get; } = [];

    public List<PageResponse> Responses { get; } = [];

    public List<MockDomain> Freed { get; } = [];

    public string? FailAttachOf { get; set; }

    public HashSet<string> WithoutDirty { get; } = [];

    public static byte[] Invalidation(uint flags, uint entry)
    {
        var bytes = new byte[InvalidationLength];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, flags);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), entry);
        return bytes;
    }

    public ulong? Dma(DmaDevice device, ulong iova)
    {
        var domain = Attached[device.Name];
        return domain.Type == DomainType.Identity ? iova : (domain.Parent ?? domain).Table.Lookup(iova);
    }

    public IommuDomain AllocateDomain(DomainType type) => type == DomainType.Blocked ? _blocked : new MockDomain(type);

    public IommuDomain AllocateUserDomain(IommuDevice device, HwptFlags flags, IommuDomain? parent, UserData? data)
    {
        if (parent == null)
        {
            var dirty = (flags & HwptFlags.DirtyTracking) != 0;
            if (data != null || (dirty && !device.DirtyTracking))
                throw new DriverException(Errno.EOPNOTSUPP, "no such paging domain");
            return new MockDomain(DomainType.Unmanaged, dirty);
        }

        if (data!.Type != DataType)
            throw new DriverException(Errno.EOPNOTSUPP, "unknown data");
        if (data.Bytes.Length != 4)
            throw new DriverException(Errno.EINVAL, "wrong length");
        var value = BinaryPrimitives.ReadUInt32LittleEndian(data.Bytes.Span);
        return new MockDomain(DomainType.Nested) { Parent = (MockDomain)parent, Cache = [.. Enumerable.Repeat(value, CacheEntries)] };
    }

    public IEnumerable<DriverStep> InvalidateUser(IommuDomain nested, UserDataArray requests)
    {
        if (requests.Count > 0 && (requests.Type != DataType || requests.EntryLength != InvalidationLength))
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        var cache = ((MockDomain)nested).Cache;
        for (var i = 0; i < requests.Count; i++)
        {
            var flags = BinaryPrimitives.ReadUInt32LittleEndian(requests.Entry(i));
            var entry = BinaryPrimitives.ReadUInt32LittleEndian(requests.Entry(i)[4..]);
            if ((flags & ~1u) != 0 || entry >= CacheEntries)
            {
                yield return DriverStep.Fail((flags & ~1u) != 0 ? Errno.EOPNOTSUPP : Errno.EINVAL);
                yield break;
            }

            if (flags == 1)
                Array.Clear(cache);
            else
                cache[entry] = 0;
            requests.Done++;
        }
    }

    public bool TracksDirty(IommuDomain domain) => ((MockDomain)domain).TracksDirty;

    public IEnumerable<DriverStep> SetDirtyTracking(IommuDomain domain, bool enable)
    {
        ((MockDomain)domain).Tracking = enable;
        return [DriverStep.Barrier(), DriverStep.Return(0)];
    }

    public IEnumerable<DriverStep> ReadAndClearDirty(IommuDomain domain, IovaRange range, DirtyBitmap? bitmap, bool clear)
    {
        var dirty = ((MockDomain)domain).Table.Dirty;
        foreach (var page in dirty.Where(page => range.Overlaps(new IovaRange(page, page + MockPageTable.Page - 1))).ToList())
        {
            bitmap?.Set(page, MockPageTable.Page);
            if (clear)
                dirty.Remove(page);
        }

        yield return DriverStep.Return(0);
    }

    public IEnumerable<DriverStep> RespondToPageRequest(DmaDevice device, PageResponse response)
    {
        Responses.Add(response);
        return [DriverStep.Barrier(), DriverStep.Return(0)];
    }

    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        yield return DriverStep.Barrier();
        Calls.Add($"attach {device.Name}");
        if (FailAttachOf == device.Name && domain.Type is not (DomainType.Blocked or DomainType.Identity))
        {
            yield return DriverStep.Fail(Errno.EIO);
            yield break;
        }

        if (((MockDomain)domain).TracksDirty && WithoutDirty.Contains(device.Name))
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        Attached[device.Name] = (MockDomain)domain;
    }

    public IEnumerable<DriverStep> Block(DmaDevice device) => Attach(_blocked, device);

    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain)
    {
        Freed.Add((MockDomain)domain);
        return [];
    }

    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device) => Block(device);

    public void Finalise(IommuDomain domain, DmaDevice device)
    {
    }

    public IEnumerable<DriverStep> Probe() => [];

    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device) => [];

    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => [DriverStep.Barrier()];

    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => [DriverStep.Barrier()];

    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => [];

    public IEnumerable<DriverStep> HandleInterrupt() => [];
}
