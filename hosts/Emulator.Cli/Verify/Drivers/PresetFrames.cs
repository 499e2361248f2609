using Emulator.Hardware.Memory;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>The allocator of a life whose record starts after bring-up: tables that were made before get the addresses that the record's parameters name,
/// what is no table (queues) gets some of its own, and once the life has begun the record's allocator takes over.</summary>
public sealed class PresetFrames : IFrameAllocator
{
    private const ulong Elsewhere = 1UL << 51;

    private readonly RecordedFrames _recorded;
    private ulong? _given;
    private ulong _next = Elsewhere;
    private bool _begun;

    /// <summary>Makes the allocator.</summary>
    public PresetFrames(RecordedFrames recorded) => _recorded = recorded;

    /// <summary>The next block goes here and is compared as a table.</summary>
    public void Give(ulong address) => _given = address;

    /// <summary>From now on blocks come from the record.</summary>
    public void Begin() => _begun = true;

    /// <inheritdoc/>
    public ulong Allocate(ulong bytes)
    {
        if (_begun)
            return _recorded.Allocate(bytes);
        if (_given is { } address)
        {
            _given = null;
            _recorded.Preset(address, bytes);
            return address;
        }

        address = _next;
        _next += bytes;
        return address;
    }

    /// <inheritdoc/>
    public void Free(ulong address, ulong bytes) => _recorded.Free(address, bytes);
}
