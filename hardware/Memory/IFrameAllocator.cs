using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Memory;

/// <summary>Gives out memory for translation tables and queues, as the kernel's page allocator does for an IOMMU driver.</summary>
public interface IFrameAllocator
{
    /// <summary>First byte of the range that blocks come from; beyond all memory where there is no such range.</summary>
    ulong Start => ulong.MaxValue;

    /// <summary>First byte of that range from which no block was taken so far; 0 where there is no such range.</summary>
    ulong End => 0;

    /// <summary>Blocks given back so far.</summary>
    long Freed => 0;

    /// <summary>Takes a zeroed block.</summary>
    /// <param name="bytes">Size in bytes; the block is aligned to it, rounded up to a power of two.</param>
    /// <returns>Address of the block.</returns>
    /// <exception cref="DriverException">ENOMEM: no such block is left.</exception>
    ulong Allocate(ulong bytes);

    /// <summary>Gives a block back. Its content is lost; the next one to allocate may get it.</summary>
    void Free(ulong address, ulong bytes);
}
