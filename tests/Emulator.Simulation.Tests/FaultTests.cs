using Akka.Actor;
using Emulator.Simulations.Faults;
using Emulator.Simulations.Tests.Actors;

namespace Emulator.Simulations.Tests;

public sealed class FaultTests : IDisposable
{
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(1);

    private readonly Simulation _simulation = Simulation.Create();

    public void Dispose() => _simulation.Dispose();

    [Theory]
    [InlineData(MessageFaultKind.None, new[] { 0, 1, 2 })]
    [InlineData(MessageFaultKind.Drop, new[] { 0, 2 })]
    [InlineData(MessageFaultKind.Duplicate, new[] { 0, 1, 2, 1 })]
    [InlineData(MessageFaultKind.Delay, new[] { 0, 2, 1 })]
    [InlineData(MessageFaultKind.DelayInOrder, new[] { 0, 1, 2 })]
    public void A_message_meets_its_fault(MessageFaultKind kind, int[] expected)
    {
        var fault = new AppliedFault("talker", "listener", 1, new MessageFault(kind, s_delay));
        var (heard, record) = Talk(new RunPlan { Faults = new RecordedFaults([fault]) }, 3);
        Assert.Equal(expected, heard);
        Assert.Equal(kind == MessageFaultKind.None ? [] : [fault], record.Faults);
        Assert.Equal(kind is MessageFaultKind.None or MessageFaultKind.Drop, record.Elapsed < s_delay);
    }

    [Fact]
    public void Faults_of_a_seed_are_recorded_and_happen_again()
    {
        var faults = new SeededFaults { Seed = 7, Drop = 0.1, Duplicate = 0.1, Delay = 0.1, DelayInOrder = 0.1, Concerns = message => message is int and not 5 };
        var (heard, record) = Talk(new RunPlan { Seed = 7, Faults = faults }, 200);
        Assert.Equal(4, record.Faults.DistinctBy(fault => fault.Fault.Kind).Count());
        Assert.InRange(record.Faults.Count, 50, 110);
        Assert.DoesNotContain(record.Faults, fault => fault.Nth == 5);
        var (heardAgain, again) = Talk(record.Replay(), 200);
        Assert.Equal(heard, heardAgain);
        Assert.Equal(record.Hash, again.Hash);
        Assert.Equal(record.Faults, again.Faults);
    }

    private (List<int> Heard, RunRecord Record) Talk(RunPlan plan, int count)
    {
        _simulation.Begin(plan);
        var heard = new List<int>();
        var listener = _simulation.Start(Props.Create<ListeningActor>(heard), "listener");
        _simulation.Start(Props.Create<TalkingActor>(listener), "talker").Tell(count);
        _simulation.Drain();
        return (heard, _simulation.End());
    }
}
