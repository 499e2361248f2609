using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Tests.Iommus.TegraSmmu;

/// <summary>Gives out the listed addresses, then whatever.</summary>
internal sealed class ListedFrames(params ulong[] addresses) : IFrameAllocator
{
    private readonly Queue<ulong> _addresses = new(addresses);
    private ulong _next = 0x4000_0000;

    public long Freed { get; private set; }

    public void Next(params ulong[] addresses)
    {
        foreach (var address in addresses)
            _addresses.Enqueue(address);
    }

    public ulong Allocate(ulong bytes) => _addresses.TryDequeue(out var address) ? address : _next += bytes;

    public void Free(ulong address, ulong bytes) => Freed++;
}
