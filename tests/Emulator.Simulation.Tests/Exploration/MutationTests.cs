using Emulator.Actors.Faults;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Drivers;
using Emulator.Simulations.Exploration;

namespace Emulator.Simulations.Tests.Exploration;

/// <summary>Ten bugs of the ownership protocol, made on purpose: exploration finds each within 1,000 seeds, and without the bug the same seeds find nothing.</summary>
public sealed class MutationTests
{
    private const int MostSeeds = 1_000;

    public static TheoryData<string, string> Mutations => new()
    {
        { nameof(ProtocolMutation.FenceOvertakes), "drain" },
        { nameof(ProtocolMutation.IgnoresHeldDma), "drain" },
        { nameof(ProtocolMutation.AcceptsOldEpoch), "epoch" },
        { nameof(ProtocolMutation.UnblocksBeforeClean), "isolation/old-domain" },
        { nameof(ProtocolMutation.AttachesBeforeBlocked), "order" },
        { nameof(ProtocolMutation.ForgetsAlias), "isolation/while-blocked" },
        { nameof(ProtocolMutation.AppliesLateRun), "isolation/while-blocked" },
        { nameof(ProtocolMutation.IgnoresBlockFailure), "isolation/while-blocked" },
        { nameof(ProtocolMutation.AttachesOldDomain), "isolation/old-domain" },
        { nameof(ProtocolMutation.AcknowledgesEarly), "acknowledgement" },
    };

    [Theory]
    [MemberData(nameof(Mutations))]
    public void A_bug_of_the_protocol_is_found_within_a_thousand_seeds(string mutation, string invariant)
    {
        var experiment = ExperimentFor(Enum.Parse<ProtocolMutation>(mutation));
        using var explorer = new Explorer(experiment with { Host = experiment.Host with { Mutation = Enum.Parse<ProtocolMutation>(mutation) } });
        var found = Enumerable.Range(1, MostSeeds).Select(seed => explorer.Run((ulong)seed)).FirstOrDefault(run => run.Broken?.Invariant == invariant);
        Assert.NotNull(found);

        using var sound = new Explorer(experiment);
        var upTo = (int)Math.Max(found.Seed, 50);
        Assert.DoesNotContain(Enumerable.Range(1, upTo), seed => sound.Run((ulong)seed).Broken != null);
    }

    private static Experiment ExperimentFor(ProtocolMutation mutation) => mutation switch
    {
        ProtocolMutation.FenceOvertakes => Experiments.Sound(FaultKind.WalkerStall),
        ProtocolMutation.IgnoresHeldDma => Experiments.Sound(FaultKind.NeverCompletes),
        ProtocolMutation.AppliesLateRun => Experiments.Sound() with
        {
            Steps = 400,
            Faults = [new FaultRate(FaultKind.MessageDuplicated, 0.2) { Longest = TimeSpan.FromMicroseconds(100) }, new FaultRate(FaultKind.ActorRestart, 0.02)],
        },
        ProtocolMutation.AcceptsOldEpoch => Experiments.Sound(FaultKind.MessageDuplicated, FaultKind.MessageReordered, FaultKind.ActorRestart),
        ProtocolMutation.UnblocksBeforeClean => Experiments.Of(Experiments.Host("arm-smmu", KernelVersion.Linux61, BlockingStrategy.Empty)),
        ProtocolMutation.IgnoresBlockFailure => Experiments.Of(Experiments.Host("intel", KernelVersion.Linux61, BlockingStrategy.Empty), FaultKind.AttachFails),
        ProtocolMutation.ForgetsAlias => Alias(Experiments.Sound()),
        _ => Experiments.Sound(),
    };

    private static Experiment Alias(Experiment experiment) => experiment with { Host = experiment.Host with { Devices = 4, DevicesPerGroup = 2 } };
}
