using System.Runtime.CompilerServices;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using Emulator.Hardware.Translation;

namespace Emulator.Benchmarks;

/// <summary>A lookup that hits, against a dictionary of the same pages.</summary>
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[MemoryDiagnoser]
public class IotlbBenchmarks
{
    private const int Pages = 512;
    private readonly Iotlb _iotlb = new(new IotlbGeometry());
    private readonly Dictionary<ulong, ulong> _dictionary = [];
    private readonly ulong[] _iovas = new ulong[Pages];

    public IotlbBenchmarks()
    {
        var random = new Random(1);
        for (var page = 0UL; page < Pages; page++)
        {
            _iotlb.Insert(new IotlbEntry { Tag = 7, Iova = page << 12, Output = page << 13, PageShift = 12 });
            _dictionary[page] = page << 13;
            _iovas[page] = ((ulong)random.Next(Pages) << 12) | 0x40;
        }
    }

    [Benchmark(Baseline = true, Description = "Dictionary<ulong, ulong> lookup", OperationsPerInvoke = Pages)]
    [BenchmarkCategory("lookup")]
    public ulong Dictionary()
    {
        var sum = 0UL;
        foreach (var iova in _iovas)
            sum += _dictionary[iova >> 12];
        return sum;
    }

    [Benchmark(Description = "IOTLB hit", OperationsPerInvoke = Pages)]
    [BenchmarkCategory("lookup")]
    public ulong Hit()
    {
        var sum = 0UL;
        foreach (var iova in _iovas)
        {
            ref readonly var entry = ref _iotlb.Find(7, iova);
            if (!Unsafe.IsNullRef(in entry))
                sum += entry.Translate(iova);
        }

        return sum;
    }
}
