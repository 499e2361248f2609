using BenchmarkDotNet.Attributes;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Timing;

namespace Emulator.Benchmarks;

/// <summary>What virtual time costs a DMA: the translation of a batch of 256 alone, and the same DMAs one by one through a timed port. Behind VT-d with an
/// IOTLB of 128 entries: all hit, half of them miss, nearly all miss.</summary>
[MemoryDiagnoser]
[BenchmarkCategory("timing")]
public class TimingBenchmarks
{
    private const int Batch = 256;
    private const int Requests = 64 * Batch;
    private const int Length = 64;

    private readonly DmaRequest[] _requests = new DmaRequest[Requests];
    private readonly DmaCompletion[] _completions = new DmaCompletion[Batch];
    private ThroughputTest _test = null!;
    private DmaPort _port = null!;

    /// <summary>Pages of 4 KiB to which the DMAs go.</summary>
    [Params(64, 256, 16384)]
    public int Pages { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _test = new ThroughputTest((long)Pages << 12, superpages: false, new IommuTiming());
        _port = new DmaPort(_test.Unit, new TranslationTimer(new IommuTiming()), new RequestTimer(new DeviceTiming()));
        var random = new Random(1);
        for (var i = 0; i < Requests; i++)
            _requests[i] = new DmaRequest(_test.Device.Stream, _test.Place(random, Length), DmaAccess.Read, Length);
    }

    [GlobalCleanup]
    public void Cleanup() => _test.Dispose();

    [Benchmark(Baseline = true, Description = "translation alone, batches", OperationsPerInvoke = Requests)]
    public void Alone()
    {
        for (var i = 0; i < Requests; i += Batch)
            _test.Unit.Translate(_requests.AsSpan(i, Batch), _completions);
    }

    [Benchmark(Description = "timed, one by one", OperationsPerInvoke = Requests)]
    public long Timed()
    {
        var done = 0L;
        foreach (ref readonly var request in _requests.AsSpan())
            done = _port.Transfer(request, 0);
        return done;
    }
}
