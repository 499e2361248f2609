using Emulator.Hardware.Dma;

namespace Emulator.TestKit;

/// <summary>A device of a platform under test. What it sends passes its actor, the bus and the isolation check as all its DMA does.</summary>
public sealed class TestDevice
{
    private readonly TestPlatform _platform;

    internal TestDevice(TestPlatform platform, int number, string name)
    {
        _platform = platform;
        Number = number;
        Name = name;
        Group = number / platform.Specification.GroupSize;
    }

    /// <summary>Its number, from 0.</summary>
    public int Number { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its group's number, from 0.</summary>
    public int Group { get; }

    /// <summary>Reads.</summary>
    /// <param name="iova">From where; null for the beginning of the tenants' buffers.</param>
    /// <param name="length">Bytes, at least 1.</param>
    public Task<DmaOutcomes> Read(ulong? iova = null, int length = 4) => Send(iova ?? _platform.BufferIova, length, DmaAccess.Read);

    /// <summary>Writes.</summary>
    /// <param name="iova">To where; null for the beginning of the tenants' buffers.</param>
    /// <param name="length">Bytes, at least 1.</param>
    public Task<DmaOutcomes> Write(ulong? iova = null, int length = 4) => Send(iova ?? _platform.BufferIova, length, DmaAccess.Write);

    /// <summary>Sends one transfer, cut at 4 KiB boundaries as on the bus.</summary>
    /// <param name="iova">Where it begins.</param>
    /// <param name="length">Bytes, at least 1, so many that it is a batch at most.</param>
    /// <param name="access">Its direction.</param>
    public Task<DmaOutcomes> Send(ulong iova, int length, DmaAccess access)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        var requests = new DmaRequest[DmaTransfer.CountRequests(new Iova(iova), length)];
        DmaTransfer.Split(new DmaRequest(default, new Iova(iova), access), length, requests);
        return Send(requests);
    }

    /// <summary>Sends a batch.</summary>
    /// <param name="requests">The DMA, 1 to <see cref="Actors.Devices.DmaBatch.Capacity"/>; the device puts its stream and tags into each.</param>
    /// <returns>How each ended, in the same order.</returns>
    public Task<DmaOutcomes> Send(params IReadOnlyList<DmaRequest> requests) => _platform.Send(this, requests);

    /// <inheritdoc/>
    public override string ToString() => $"device {Number} ({Name})";
}
