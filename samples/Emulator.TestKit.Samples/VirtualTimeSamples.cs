using Akka.Actor;

namespace Emulator.TestKit.Samples;

/// <summary>An hour passes in a moment, and in every order of messages.</summary>
public sealed class VirtualTimeSamples : SimulatedTest
{
    [Fact]
    public void A_lease_ends_an_hour_after_its_last_renewal() => EachSeed(20, () =>
    {
        var lease = Start(Props.Create<LeaseActor>(), "lease");
        lease.Tell("renew");
        Advance(TimeSpan.FromMinutes(59));
        Assert.True(Ask<bool>(lease, "held?"));
        lease.Tell("renew");
        Advance(TimeSpan.FromMinutes(59));
        Assert.True(Ask<bool>(lease, "held?"));
        Advance(TimeSpan.FromMinutes(2));
        Assert.False(Ask<bool>(lease, "held?"));
    });
}
