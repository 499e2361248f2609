namespace Emulator.Hardware.Faults;

/// <summary>What goes wrong with the invalidations of one IOTLB: some are never carried out, some late. The silicon reports them as done.</summary>
public sealed class InvalidationFaults
{
    private readonly Queue<Action> _late = [];

    /// <summary>Invalidations still to be dropped; at least 0.</summary>
    public int ToDrop { get; set; }

    /// <summary>Invalidations still to be carried out late, by <see cref="Release"/>; at least 0.</summary>
    public int ToDelay { get; set; }

    /// <summary>Decides about an invalidation before it is carried out.</summary>
    /// <param name="invalidate">Carries it out.</param>
    /// <returns>Whether it must not be carried out now.</returns>
    internal bool Takes(Action invalidate)
    {
        if (ToDrop > 0)
        {
            ToDrop--;
            return true;
        }

        if (ToDelay == 0)
            return false;
        ToDelay--;
        _late.Enqueue(invalidate);
        return true;
    }

    /// <summary>Carries out what is late, in order.</summary>
    public void Release()
    {
        while (_late.TryDequeue(out var invalidate))
            invalidate();
    }
}
