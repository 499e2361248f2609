using Akka.Actor;
using Akka.Dispatch;
using Akka.Dispatch.SysMsg;

namespace Emulator.Simulations.Engine;

/// <summary>The dispatcher of every actor in a simulation: what is to run becomes a step, and each message passes the simulation on its way to the mailbox.</summary>
internal sealed class SimDispatcher : MessageDispatcher
{
    /// <summary>By this delay the scheduler knows the dispatcher's own shutdown, for which no timer is planted.</summary>
    public static readonly TimeSpan NeverShutDown = TimeSpan.FromTicks(0x5eed_5eed_5eed);

    private readonly Simulation _simulation;

    public SimDispatcher(MessageDispatcherConfigurator configurator)
        : base(configurator)
    {
        _simulation = Simulation.Creating;
        Id = configurator.Config.GetString("id", "emulator.simulation");
        // One message in a turn: with a throughput alone Akka.NET handles one more.
        Throughput = 1;
        ThroughputDeadlineTime = 0;
        ShutdownTimeout = NeverShutDown;
    }

    public override void Attach(ActorCell cell)
    {
        _simulation.Attach(cell);
        base.Attach(cell);
    }

    public override void Dispatch(ActorCell cell, Envelope envelope)
    {
        if (_simulation.Passes(cell, envelope))
            Deliver(cell, envelope);
    }

    /// <summary>Puts a message into its mailbox, without asking the simulation again.</summary>
    public void Deliver(ActorCell cell, Envelope envelope) => base.Dispatch(cell, envelope);

    public override void SystemDispatch(ActorCell cell, SystemMessage message)
    {
        _simulation.CheckThread(cell.Self.Path);
        base.SystemDispatch(cell, message);
    }

    protected override void ExecuteTask(IRunnable run) => _simulation.Enqueue(run);

    protected override void Shutdown()
    {
    }
}
