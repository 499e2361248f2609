using System.Numerics;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>
/// 6.12's writer of an entry that the SMMU may be reading: word by word in an order in which every state that the SMMU can see is the old entry
/// or the new one. Where the used bits of two words must change together that is impossible; the entry is then invalid for a while.
/// </summary>
/// <remarks>Source: Linux 6.12 arm-smmu-v3.c:1025 to 1235, arm_smmu_write_entry.</remarks>
public sealed class EntryWriter
{
    /// <summary>Words of an entry.</summary>
    public const int Words = 8;

    private readonly PhysicalMemory _memory;
    private readonly Usage _usage;
    private readonly ulong _address;
    private readonly string _label;
    private readonly Func<IEnumerable<DriverStep>> _sync;

    private EntryWriter(PhysicalMemory memory, Usage usage, ulong address, string label, Func<IEnumerable<DriverStep>> sync) =>
        (_memory, _usage, _address, _label, _sync) = (memory, usage, address, label, sync);

    private delegate void Usage(ReadOnlySpan<ulong> entry, Span<ulong> used);

    /// <summary>Writes a stream table entry.</summary>
    /// <param name="memory">Where the present entry is read from.</param>
    /// <param name="address">The entry.</param>
    /// <param name="target">What it shall be.</param>
    /// <param name="label">Its name in logs.</param>
    /// <param name="sync">Makes the SMMU drop what it has cached of the entry.</param>
    public static IEnumerable<DriverStep> Write(PhysicalMemory memory, ulong address, StreamTableEntry target, string label, Func<IEnumerable<DriverStep>> sync) =>
        new EntryWriter(memory, EntryUse.OfStreamTableEntry, address, label, sync).Write([target.Word0, target.Word1, target.Word2, target.Word3, 0, 0, 0, 0]);

    /// <summary>Writes a context descriptor; see the other overload.</summary>
    public static IEnumerable<DriverStep> Write(PhysicalMemory memory, ulong address, ContextDescriptor target, string label, Func<IEnumerable<DriverStep>> sync) =>
        new EntryWriter(memory, EntryUse.OfContextDescriptor, address, label, sync).Write([target.Word0, target.Word1, target.Word2, target.Word3, 0, 0, 0, 0]);

    private IEnumerable<DriverStep> Write(ulong[] target)
    {
        var interim = new ulong[Words];
        var differing = Compare(target, interim);
        switch (BitOperations.PopCount(differing))
        {
            case 0:
                return Set(target, 0, Words);
            case 1:
                var critical = BitOperations.TrailingZeroCount(differing);
                // That word is written in the next step anyway.
                interim[critical] = Read(critical);
                return Set(interim, 0, Words).Concat(Set(target, critical, 1)).Concat(Set(target, 0, Words));
            default:
                return Set(new ulong[Words], 0, 1).Concat(Set(target, 1, Words - 1)).Concat(Set(target, 0, 1));
        }
    }

    // Which words have used bits that must change, once the bits that nobody looks at have their new values (interim).
    private uint Compare(ReadOnlySpan<ulong> target, Span<ulong> interim)
    {
        Span<ulong> entry = stackalloc ulong[Words];
        Span<ulong> used = stackalloc ulong[Words];
        Span<ulong> targetUsed = stackalloc ulong[Words];
        for (var i = 0; i < Words; i++)
            entry[i] = Read(i);
        _usage(entry, used);
        _usage(target, targetUsed);
        var differing = 0u;
        for (var i = 0; i < Words; i++)
        {
            interim[i] = (entry[i] & used[i]) | (target[i] & ~used[i]);
            if ((interim[i] & targetUsed[i]) != target[i])
                differing |= 1u << i;
        }

        return differing;
    }

    private IEnumerable<DriverStep> Set(ulong[] words, int first, int count)
    {
        var changed = false;
        for (var i = first; i < first + count; i++)
        {
            if (Read(i) == words[i])
                continue;
            changed = true;
            yield return DriverStep.Store(_address + (8 * (ulong)i), words[i], _label);
        }

        if (!changed)
            yield break;
        foreach (var step in _sync())
            yield return step;
    }

    private ulong Read(int word) => _memory.Read64(_address + (8 * (ulong)word));
}
