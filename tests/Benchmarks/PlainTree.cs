using System.Runtime.InteropServices;

namespace Emulator.Benchmarks;

/// <summary>The least that a walk must do: a tree of pointers in the shape of a format's tables, in native memory.</summary>
public sealed unsafe class PlainTree : IDisposable
{
    private readonly ulong* _root;
    private readonly int _levels;
    private readonly int _leafBits;

    /// <summary>Makes the tree for a range: one table on each level above the lowest.</summary>
    /// <param name="levels">Loads of a walk.</param>
    /// <param name="leafBits">log2 of the entries of a lowest table.</param>
    /// <param name="pages">Pages of the range.</param>
    public PlainTree(int levels, int leafBits, int pages)
    {
        (_levels, _leafBits) = (levels, leafBits);
        var perTable = 1 << leafBits;
        var leafTables = Math.Max(1, pages / perTable);
        var directory = Math.Max(leafTables, perTable);
        _root = (ulong*)NativeMemory.AlignedAlloc((nuint)(((levels - 1) * directory) + (leafTables * perTable)) * 8, 4096);
        var table = _root;
        for (var level = 0; level < levels - 2; level++, table += directory)
            *table = (ulong)(table + directory);
        var leaf = table + directory;
        for (var i = 0; i < leafTables; i++)
            table[i] = (ulong)(leaf + (i * perTable));
        for (var page = 0; page < leafTables * perTable; page++)
            leaf[page] = (ulong)page << 12;
    }

    /// <summary>Looks random pages up.</summary>
    public ulong Independent(int pages, int count)
    {
        var (sum, random) = (0UL, new PageSequence(pages));
        for (var i = 0; i < count; i++)
            sum += Find(random.Next(0));
        return sum;
    }

    /// <summary>Looks random pages up, each address needing the last one's result.</summary>
    public ulong Chained(int pages, int count)
    {
        var (output, random) = (0UL, new PageSequence(pages));
        for (var i = 0; i < count; i++)
            output = Find(random.Next(output >> 63));
        return output;
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_root);

    private ulong Find(ulong page)
    {
        var word = (ulong)_root;
        for (var shift = (_levels - 1) * _leafBits; shift > 0; shift -= _leafBits)
            word = ((ulong*)word)[page >> shift];
        return ((ulong*)word)[page & ((1UL << _leafBits) - 1)];
    }
}
