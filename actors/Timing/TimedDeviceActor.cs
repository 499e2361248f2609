using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;

namespace Emulator.Actors.Timing;

/// <summary>
/// A device in virtual time. What it sends, and when, is decided beside the silicon, to whose answers it is tied; the actor starts and ends it, and records what its DMAs took once the isolation check has
/// seen them. After a crash the device stands still, like one after reset.
/// </summary>
internal sealed class TimedDeviceActor(EmulatedHost host, int device, IActorRef translation) : UntypedActor
{
    private readonly TimedDeviceRecord _record = host.Timed!.Records[device];
    private long _recorded;
    private long? _ends;

    protected override void PostRestart(Exception reason)
    {
        base.PostRestart(reason);
        translation.Tell(new TimedMessages.End(device));
        Context.Parent.Tell(new SupervisionMessages.ChildRestarted(ActorKind.Device, device));
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case DmaBatch batch:
                _record.Add(batch);
                _recorded++;
                translation.Tell(batch, ActorRefs.NoSender);
                EndIfDone();
                break;
            case DeviceMessages.Stop:
                translation.Tell(new TimedMessages.End(device));
                break;
            case TimedMessages.Ended ended:
                _ends = ended.Batches;
                EndIfDone();
                break;
            case SupervisionMessages.CrashActor crash:
                throw InjectedCrashException.Of(crash);
            default:
                Unhandled(message);
                break;
        }
    }

    private void EndIfDone()
    {
        if (_recorded != _ends)
            return;
        _ends = null;
        Context.Parent.Tell(new DeviceMessages.Finished(device));
    }
}
