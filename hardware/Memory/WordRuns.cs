using System.Runtime.CompilerServices;

namespace Emulator.Hardware.Memory;

/// <summary>Many table words in one call: aligned 64-bit words that follow each other, each as atomic as one that is read or written alone, in address order.</summary>
public static unsafe class WordRuns
{
    /// <summary>Counts the words at the beginning of a run that have, or have not, bits of a mask.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="address">The first word.</param>
    /// <param name="count">Words to look at, at most.</param>
    /// <param name="mask">The bits.</param>
    /// <param name="set">Whether words that have one of them are counted, or words that have none.</param>
    /// <returns>Words before the first that is different. Where there is no RAM every bit is set.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong CountRun64(this PhysicalMemory memory, ulong address, ulong count, ulong mask, bool set)
    {
        ArgumentNullException.ThrowIfNull(memory);
        for (var run = 0UL; run < count;)
        {
            var part = Math.Min(count - run, WordsToBankEnd(address));
            var bank = memory.FindBank(address);
            if (bank == null)
            {
                if (((memory.ReadUntouched(address) & mask) != 0) != set)
                    return run;
            }
            else
            {
                var words = (ulong*)(bank + (address & (PhysicalMemory.BankSize - 8)));
                for (var i = 0UL; i < part; i++)
                {
                    if (((Volatile.Read(ref words[i]) & mask) != 0) != set)
                        return run + i;
                }
            }

            run += part;
            address += part * 8;
        }

        return count;
    }

    /// <summary>Clears the words of a run up to the first that is zero.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="address">The first word.</param>
    /// <param name="count">Words to clear, at most.</param>
    /// <returns>Words that were not zero.</returns>
    public static ulong ClearRun64(this PhysicalMemory memory, ulong address, ulong count)
    {
        var run = memory.CountRun64(address, count, ulong.MaxValue, set: true);
        memory.Fill64(address, run, 0, 0);
        return run;
    }

    /// <summary>Writes a run of words, each larger than the one before by the same amount. Lost where there is no RAM.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="address">The first word.</param>
    /// <param name="count">Words.</param>
    /// <param name="value">The first one's value.</param>
    /// <param name="step">What is added from word to word.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Fill64(this PhysicalMemory memory, ulong address, ulong count, ulong value, ulong step)
    {
        ArgumentNullException.ThrowIfNull(memory);
        while (count > 0)
        {
            var part = Math.Min(count, WordsToBankEnd(address));
            var bank = memory.BankForWrite(address);
            if (bank == null)
            {
                value += part * step;
            }
            else
            {
                for (var frame = address; frame < address + (part * 8); frame = (frame | (PhysicalMemory.FrameSize - 1)) + 1)
                    PhysicalMemory.Touch(bank, frame);
                var words = (ulong*)(bank + (address & (PhysicalMemory.BankSize - 8)));
                for (var i = 0UL; i < part; i++, value += step)
                    Volatile.Write(ref words[i], value);
            }

            address += part * 8;
            count -= part;
        }
    }

    private static ulong WordsToBankEnd(ulong address) => (PhysicalMemory.BankSize - (address & (PhysicalMemory.BankSize - 8))) >> 3;
}
