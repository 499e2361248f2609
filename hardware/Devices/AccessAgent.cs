using Emulator.Hardware.Dma;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Devices;

/// <summary>A device that reads and writes a buffer without end or pause, at random or in sequence: as many DMAs in flight as it has tags.</summary>
public sealed class AccessAgent : TimelineAgent
{
    private readonly DmaEngine _engine;
    private readonly ulong _base;
    private readonly ulong _slotMask;
    private readonly ulong _readBelow;
    private readonly int _length;
    private readonly int _lengthShift;
    private readonly bool _sequential;
    private readonly Action<AccessAgent> _ended;
    private ulong _random;
    private ulong _position;
    private ulong _slot;
    private DmaAccess _access;
    private long _left;

    /// <summary>Makes the device's agent.</summary>
    /// <param name="engine">Its DMA engine.</param>
    /// <param name="buffer">Where the buffer begins, in the device's addresses.</param>
    /// <param name="size">Bytes of the buffer; a power of two, at least <paramref name="length"/>.</param>
    /// <param name="length">Bytes of each DMA; a power of two up to 4096.</param>
    /// <param name="readShare">The part of the DMAs that read, 0 to 1.</param>
    /// <param name="isSequential">Whether it goes through the buffer in order.</param>
    /// <param name="count">DMAs in all, at least 1.</param>
    /// <param name="seed">Seed of addresses and directions.</param>
    /// <param name="ended">Called when the last DMA was sent.</param>
    public AccessAgent(DmaEngine engine, ulong buffer, ulong size, int length, double readShare, bool isSequential, long count, ulong seed, Action<AccessAgent> ended)
    {
        ArgumentNullException.ThrowIfNull(engine);
        (_engine, _base, _length, _sequential, _left, _ended) = (engine, buffer, length, isSequential, count, ended);
        _lengthShift = int.Log2(length);
        _slotMask = (size >> _lengthShift) - 1;
        _readBelow = (ulong)(readShare * (1UL << 32));
        // Any seed but zero keeps the generator going.
        _random = (seed * 0x9e3779b97f4a7c15UL) | 1;
        Choose();
    }

    /// <inheritdoc/>
    protected internal override void Act(Timeline timeline)
    {
        ArgumentNullException.ThrowIfNull(timeline);
        do
        {
            _engine.Send(_base + (_slot << _lengthShift), _access, _length, Next);
            _left--;
            if (_left == 0)
            {
                Next = VirtualTime.Never;
                _ended(this);
                return;
            }

            Choose();
            Next = _engine.IssueTime(Next, _length, _access);
        }
        while (Next < timeline.Limit);
    }

    private void Choose()
    {
        var random = _random;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        _random = random;
        _slot = (_sequential ? _position++ : random >> 32) & _slotMask;
        _access = (random & uint.MaxValue) < _readBelow ? DmaAccess.Read : DmaAccess.Write;
    }
}
