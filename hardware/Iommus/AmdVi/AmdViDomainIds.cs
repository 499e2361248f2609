using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>The host's DomainIDs, 1 to 65535: the lowest free one is given out (domain_id_alloc).</summary>
internal sealed class AmdViDomainIds
{
    private readonly PriorityQueue<ushort, ushort> _freed = new();
    private int _next = 1;

    public ushort Allocate()
    {
        if (_freed.TryDequeue(out var id, out _))
            return id;
        if (_next > ushort.MaxValue)
            throw new DriverException(Errno.ENOMEM, "all 65535 DomainIDs are in use");
        return (ushort)_next++;
    }

    public void Free(ushort id)
    {
        if (id != 0)
            _freed.Enqueue(id, id);
    }
}
