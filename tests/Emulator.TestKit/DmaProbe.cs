using Akka.TestKit;

namespace Emulator.TestKit;

/// <summary>A probe that sees every batch of a device that the isolation check has checked since the probe was made, the workload's included. It keeps them all: for workloads that
/// end.</summary>
public sealed class DmaProbe
{
    private readonly TestPlatform _platform;
    private readonly TestDevice _device;
    private readonly TestProbe _probe;

    internal DmaProbe(TestPlatform platform, TestDevice device, TestProbe probe) => (_platform, _device, _probe) = (platform, device, probe);

    /// <summary>Expects another batch.</summary>
    public DmaOutcomes ExpectBatch()
    {
        var outcomes = (DmaOutcomes?)_probe.ReceiveOne(_platform.Patience);
        if (outcomes == null)
            TestPlatform.Fail($"expected a batch of {_device}, but none was answered for {_platform.Patience.TotalSeconds:0.###} s");
        return outcomes;
    }

    /// <summary>Expects no batch for a while.</summary>
    /// <param name="duration">How long.</param>
    public void ExpectNoBatch(TimeSpan duration)
    {
        if (_probe.ReceiveOne(duration) is DmaOutcomes { Count: var count } outcomes)
            TestPlatform.Fail($"expected no DMA of {_device}, but {count} were answered, the first: {outcomes[0].Description} {outcomes[0].Ending(_platform.NameOf)}");
    }
}
