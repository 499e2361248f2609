using Akka.Actor;
using Akka.TestKit.Xunit2;
using Emulator.Actors.Silicon;

namespace Emulator.Actors.Tests;

public sealed class ControlAwareMailboxTests : TestKit
{
    private readonly ControlAwareMessageQueue _queue = new();

    [Fact]
    public void Control_messages_leave_before_data_that_came_earlier()
    {
        Enqueue(new Data(1), "control 1", new Data(2), "control 2");
        Assert.Equal(["control 1", "control 2", new Data(1), new Data(2)], Drain());
    }

    [Fact]
    public void Each_lane_keeps_its_order()
    {
        Enqueue([.. Enumerable.Range(0, 100).SelectMany(i => new object[] { new Data(i), i })]);
        var order = Drain();
        Assert.Equal(Enumerable.Range(0, 100), order.OfType<int>());
        Assert.Equal(Enumerable.Range(0, 100), order.OfType<Data>().Select(data => data.Number));
    }

    [Fact]
    public void It_counts_both_lanes_and_says_when_it_is_empty()
    {
        Assert.False(_queue.HasMessages);
        Enqueue(new Data(1), "control");
        Assert.Equal(2, _queue.Count);
        Drain();
        Assert.False(_queue.HasMessages);
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public void Clean_up_moves_what_is_left_to_the_dead_letters()
    {
        var dead = new ControlAwareMessageQueue();
        Enqueue(new Data(1), "control");
        _queue.CleanUp(TestActor, dead);
        Assert.False(_queue.HasMessages);
        Assert.Equal(2, dead.Count);
    }

    [Fact]
    public async Task Nothing_is_lost_when_many_threads_enqueue()
    {
        const int Messages = 10_000;
        var senders = Enumerable.Range(0, 4).Select(sender => Task.Run(() =>
        {
            for (var i = 0; i < Messages; i++)
                Enqueue(i % 2 == 0 ? new Data(i) : sender);
        }));
        await Task.WhenAll(senders);
        Assert.Equal(4 * Messages, Drain().Count);
    }

    private void Enqueue(params object[] messages)
    {
        foreach (var message in messages)
            _queue.Enqueue(TestActor, new Envelope(message, ActorRefs.NoSender));
    }

    private List<object> Drain()
    {
        var messages = new List<object>();
        while (_queue.TryDequeue(out var envelope))
            messages.Add(envelope.Message);
        return messages;
    }

    private sealed record Data(int Number) : IDataLane;
}
