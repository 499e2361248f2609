using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using Akka.TestKit.Xunit2;
using Emulator.Actors.Coordination;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Memory;
using static Emulator.Actors.Coordination.CoordinationEvents;
using static Emulator.Actors.Coordination.CoordinationMessages;

namespace Emulator.Actors.Tests.Coordination;

public sealed class SerializerTests : TestKit
{
    private readonly CoordinationSerializer _serializer;

    public SerializerTests()
        : base("akka.loglevel = OFF") => _serializer = new CoordinationSerializer((ExtendedActorSystem)Sys);

    public static TheoryData<object, string> Events() => new()
    {
        { new HostAdmitted("h", 8, 1, 3, new Epoch(7)), "host-admitted-1" },
        { new ChangeDecided("id", "h", 1, new OwnerTag(2)), "change-decided-1" },
        { new ChangeCompleted("h", 1, new Epoch(8)), "change-completed-1" },
        { new ChangeFailed("h", 1, new Epoch(8), true, "why \"not\""), "change-failed-1" },
    };

    [Theory]
    [MemberData(nameof(Events))]
    public void An_event_is_read_as_it_was_written(object written, string manifest)
    {
        Assert.Equal(manifest, _serializer.Manifest(written));
        Assert.Equal(written, _serializer.FromBinary(_serializer.ToBinary(written), manifest));
    }

    [Fact]
    public void A_snapshot_is_read_as_it_was_written()
    {
        var ledger = new OwnershipLedger(2);
        ledger.Apply(new HostAdmitted("h", 2, 1, 3, new Epoch(7)));
        ledger.Apply(new ChangeDecided("1", "h", 0, new OwnerTag(2)));
        ledger.Apply(new ChangeCompleted("h", 0, new Epoch(8)));
        ledger.Apply(new ChangeDecided("2", "h", 1, new OwnerTag(3)));
        var again = new OwnershipLedger(2);
        again.Apply(_serializer.FromBinary(_serializer.ToBinary(ledger.TakeSnapshot()), "snapshot-1"));
        var group = Assert.Single(again.Hosts).Groups[0];
        Assert.Equal((new OwnerTag(2), new Epoch(8)), (group.Owner, group.Epoch));
        Assert.Equal("2", again.Hosts.Single().Groups[1].Decided!.Id);
        Assert.True(again.TryGetOutcome("1", out var outcome));
        Assert.Equal(new ChangeOutcome(new OwnerChange("1", "h", 0, new OwnerTag(2)), ChangeResult.Completed, new Epoch(8), null), outcome);
    }

    [Theory]
    [InlineData("change-decided-2", "{}", "event 'change-decided-2'")]
    [InlineData("System.String", "\"x\"", "event 'System.String'")]
    [InlineData("change-completed-1", "{\"Host\":\"h\"", "can't be read")]
    [InlineData("change-completed-1", "{\"Host\":\"h\"}", "can't be read")]
    [InlineData("change-completed-1", "null", "is null")]
    public void What_is_no_event_is_named(string manifest, string json, string reason)
    {
        var error = Assert.Throws<SerializationException>(() => _serializer.FromBinary(Encoding.UTF8.GetBytes(json), manifest));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_but_events_is_written() => Assert.Throws<SerializationException>(() => _serializer.ToBinary("text"));

    [Fact]
    public void Events_that_cannot_follow_each_other_are_named()
    {
        var ledger = new OwnershipLedger(2);
        var stranger = Assert.Throws<InvalidDataException>(() => ledger.Apply(new ChangeDecided("1", "h", 0, default)));
        Assert.Contains("never joined", stranger.Message, StringComparison.Ordinal);
        ledger.Apply(new HostAdmitted("h", 2, 1, 3, new Epoch(7)));
        var undecided = Assert.Throws<InvalidDataException>(() => ledger.Apply(new ChangeCompleted("h", 0, new Epoch(8))));
        Assert.Contains("no change was decided", undecided.Message, StringComparison.Ordinal);
    }
}
