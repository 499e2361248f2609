using Emulator.Hardware.Devices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Tests.Devices;

/// <summary>A device of a <see cref="DeviceRig"/>, and all that it sent.</summary>
internal sealed class RigDevice
{
    private readonly DmaRequest[] _requests = new DmaRequest[64];
    private readonly DmaCompletion[] _completions = new DmaCompletion[64];
    private readonly int[] _latencies = new int[64];

    public RigDevice(TimedPlatform timed, IommuDomain domain, DmaMappingOptions options, DmaPort port, StreamId stream, ulong memory, ulong bytes)
    {
        Engine = new DmaEngine(port, stream, Empty);
        Engine.Record(_requests, _completions, _latencies);
        Dma = new KernelDma(timed, domain, options, Engine);
        Memory = new BufferPool(memory, bytes, Dma.PageSize);
    }

    public DmaEngine Engine { get; }

    public KernelDma Dma { get; }

    public BufferPool Memory { get; }

    public List<long> Latencies { get; } = [];

    public OperationCounts Counts => _counts ??= new OperationCounts(Latencies.Add);

    public List<DmaRequest> Sent { get; } = [];

    public List<DmaStatus> Answers { get; } = [];

    public int Ended { get; set; }

    private OperationCounts? _counts;

    public int SentOf(DmaAccess access, int length) => Sent.Count(request => request.Access == access && request.Length == length);

    private void Empty(DmaEngine engine)
    {
        Sent.AddRange(_requests.AsSpan(0, engine.Count));
        foreach (var completion in _completions.AsSpan(0, engine.Count))
            Answers.Add(completion.Status);
        engine.Record(_requests, _completions, _latencies);
    }
}
