namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>The kernel's refcount_t: a count that is used when it is 0, or falls below, sticks for ever.</summary>
/// <remarks>Source: Linux include/linux/refcount.h, refcount_inc, refcount_dec_and_test, REFCOUNT_SATURATED.</remarks>
internal sealed class Sun50iReferences
{
    private bool _saturated;

    // refcount_set(1) of the allocation: a device is never alone with its domain.
    public int Count { get; private set; } = 1;

    public void Take()
    {
        _saturated |= Count == 0;
        Count += _saturated ? 0 : 1;
    }

    // True when the last one is dropped.
    public bool Drop()
    {
        _saturated |= Count == 0;
        if (_saturated)
            return false;
        Count--;
        return Count == 0;
    }
}
