namespace Emulator.Simulations;

/// <summary>The random numbers of a run: SplitMix64, whose values are the same on every machine and runtime.</summary>
/// <param name="seed">Any value.</param>
public struct SplitMix64(ulong seed)
{
    private const ulong Gamma = 0x9e3779b97f4a7c15;

    private ulong _state = seed;

    /// <summary>One of several independent streams of a seed, so that drawing more from one does not shift the others.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="stream">The stream's number.</param>
    public static SplitMix64 Stream(ulong seed, ulong stream) => new(Mix(seed ^ Mix(stream + Gamma)));

    /// <summary>Scrambles a value: each bit of the result depends on each bit of the value.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }

    /// <summary>The next value.</summary>
    public ulong Next() => Mix(_state += Gamma);

    /// <summary>The next value below a bound.</summary>
    /// <param name="bound">At least 1.</param>
    public int Next(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>The next value from 0 to below 1.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));
}
