using BenchmarkDotNet.Attributes;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;

namespace Emulator.Benchmarks;

/// <summary>The Arm LPAE walker alone: four levels of 4 KiB tables over 16 MiB, at random pages. Baseline: the same four loads from memory, each at an
/// address that the one before gave, and nothing else.</summary>
[MemoryDiagnoser]
[BenchmarkCategory("walker")]
public class WalkerBenchmarks
{
    private const int Batch = 256;
    private const ulong Tables = 0x2000_0000;
    private const int Pages = 4096;
    private const ulong AddressMask = 0xffff_ffff_f000;

    private readonly PhysicalMemory _memory = new();
    private readonly ulong[] _iovas = new ulong[Batch];
    private ArmLpaeRegime _regime = new(Tables, 12, 0, 48, 48);

    [GlobalSetup]
    public void Setup()
    {
        _memory.Write64(Tables, (Tables + 0x1000) | 3);
        _memory.Write64(Tables + 0x1000, (Tables + 0x2000) | 3);
        for (var page = 0UL; page < Pages; page++)
        {
            var leafTable = Tables + 0x3000 + ((page >> 9) << 12);
            _memory.Write64(Tables + 0x2000 + ((page >> 9) * 8), leafTable | 3);
            _memory.Write64(leafTable + ((page & 511) * 8), (0x4000_0000 + (page << 12)) | 0xF47);
        }

        var random = new Random(1);
        for (var i = 0; i < Batch; i++)
            _iovas[i] = (ulong)random.Next(Pages) << 12;
    }

    [GlobalCleanup]
    public void Cleanup() => _memory.Dispose();

    [Benchmark(Baseline = true, Description = "four dependent loads", OperationsPerInvoke = Batch)]
    public ulong Loads()
    {
        var sum = 0UL;
        foreach (var iova in _iovas)
        {
            var word = Tables;
            for (var shift = 39; shift >= 12; shift -= 9)
                _memory.TryRead64((word & AddressMask) | (((iova >> shift) & 511) << 3), out word);
            sum += word;
        }

        return sum;
    }

    [Benchmark(Description = "LPAE walk, 4 levels, 16 MiB", OperationsPerInvoke = Batch)]
    public ulong Walk()
    {
        var sum = 0UL;
        var reader = new MemoryTableReader(_memory);
        foreach (var iova in _iovas)
        {
            ArmLpaeWalker.Walk<ArmLpaeStage1, MemoryTableReader>(ref reader, _regime, iova, out var result);
            sum += result.Output;
        }

        return sum;
    }
}
