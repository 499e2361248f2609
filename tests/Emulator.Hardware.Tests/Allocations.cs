namespace Emulator.Hardware.Tests;

/// <summary>What code allocates.</summary>
internal static class Allocations
{
    private const int Attempts = 10;

    /// <summary>Bytes that an action allocates on this thread whenever it runs. The least of several attempts: a collection that another test's thread sets off meanwhile puts what is left of
    /// this thread's allocation buffer on the bill.</summary>
    public static long Of(Action action)
    {
        var least = long.MaxValue;
        for (var attempt = 0; attempt < Attempts && least > 0; attempt++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
