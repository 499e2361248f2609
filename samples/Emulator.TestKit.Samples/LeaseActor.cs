using Akka.Actor;

namespace Emulator.TestKit.Samples;

/// <summary>An actor under test: it holds a lease for an hour after each renewal.</summary>
public sealed class LeaseActor : ReceiveActor, IWithTimers
{
    private bool _held;

    public LeaseActor()
    {
        Receive<string>(message => message == "renew", _ =>
        {
            _held = true;
            Timers.StartSingleTimer("lease", "expire", TimeSpan.FromHours(1));
        });
        Receive<string>(message => message == "expire", _ => _held = false);
        Receive<string>(message => message == "held?", _ => Sender.Tell(_held));
    }

    public ITimerScheduler Timers { get; set; } = null!;
}
