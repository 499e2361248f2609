namespace Emulator.Benchmarks;

/// <summary>Look-ups at random pages of a range that begins at 0.</summary>
public abstract class WalkLoop
{
    /// <summary>Walks; independent look-ups may overlap in the processor.</summary>
    /// <param name="pages">Pages of the range, a power of two.</param>
    /// <param name="pageShift">log2 of a page.</param>
    /// <param name="count">Look-ups.</param>
    public abstract ulong Independent(int pages, int pageShift, int count);

    /// <summary>Walks; each address needs the last look-up's result.</summary>
    /// <inheritdoc cref="Independent"/>
    public abstract ulong Chained(int pages, int pageShift, int count);

    /// <summary>The loop for one format.</summary>
    public static WalkLoop Of<TWalk>(TWalk walk)
        where TWalk : struct, IPageTableWalk => new Loop<TWalk>(walk);

    private sealed class Loop<TWalk>(TWalk walk) : WalkLoop
        where TWalk : struct, IPageTableWalk
    {
        public override ulong Independent(int pages, int pageShift, int count)
        {
            var (sum, random, own) = (0UL, new PageSequence(pages), walk);
            for (var i = 0; i < count; i++)
            {
                own.Walk(random.Next(0) << pageShift, out var result);
                sum += result.Output;
            }

            return sum;
        }

        public override ulong Chained(int pages, int pageShift, int count)
        {
            var (output, random, own) = (0UL, new PageSequence(pages), walk);
            for (var i = 0; i < count; i++)
            {
                // Bit 63 of an output address is always 0, which the processor cannot know.
                own.Walk(random.Next(output >> 63) << pageShift, out var result);
                output = result.Output;
            }

            return output;
        }
    }
}
