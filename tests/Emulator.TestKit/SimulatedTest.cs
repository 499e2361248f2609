using System.Runtime.CompilerServices;
using Akka.Actor;
using Emulator.Simulations;
using Xunit;
using Xunit.Sdk;

namespace Emulator.TestKit;

/// <summary>A suite of tests of actors in virtual time and in an order that a seed decides: one thread, one message at a time, no waiting. Tests are
/// synchronous.</summary>
/// <param name="options">What all runs have in common; null for the defaults.</param>
public abstract class SimulatedTest(SimulationOptions? options = null) : IDisposable
{
    private Simulation? _simulation;
    private bool _runs;

    /// <summary>The simulation, in a run of seed 0 unless <see cref="Begin"/> has begun another.</summary>
    protected Simulation Simulation
    {
        get
        {
            if (!_runs)
                BeginSeed(0);
            return _simulation!;
        }
    }

    /// <summary>Virtual time, for actors that take a <see cref="TimeProvider"/>.</summary>
    protected TimeProvider Time => Simulation.Time;

    /// <summary>Begins a run in place of the one that is going on, if any.</summary>
    protected void Begin(RunPlan plan)
    {
        // Not in the constructor: a simulation belongs to the thread of the test's method.
        _simulation ??= Simulation.Create(options);
        End();
        _simulation.Begin(plan);
        _runs = true;
    }

    /// <summary>Starts an actor of the run.</summary>
    /// <param name="props">How it is made.</param>
    /// <param name="name">Its name, unique in the run.</param>
    protected IActorRef Start(Props props, string name) => Simulation.Start(props, name);

    /// <summary>Asks an actor, and does steps until its answer is there.</summary>
    /// <typeparam name="T">The type of the answer.</typeparam>
    /// <exception cref="SimulationException">Nothing is left to do, and it is not.</exception>
    protected T Ask<T>(IActorRef to, object message) => Simulation.Await(Simulation.Ask<T>(to, message));

    /// <summary>Does steps until a condition holds, and expects that it does.</summary>
    /// <param name="condition">The condition, asked before each step.</param>
    /// <param name="within">How long this may take in virtual time; null for an hour.</param>
    /// <param name="expression">The condition as it is written.</param>
    protected void DrainUntil(Func<bool> condition, TimeSpan? within = null, [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        ArgumentNullException.ThrowIfNull(condition);
        Simulation.Drain(condition, within ?? TimeSpan.FromHours(1));
        if (!condition())
            Assert.Fail($"expected {expression}, but it does not hold after {Simulation.Steps} steps at {Simulation.Now}");
    }

    /// <summary>Lets virtual time go by: does what is to be done and fires what comes due in it.</summary>
    /// <param name="duration">How long, at most 49 days.</param>
    protected void Advance(TimeSpan duration)
    {
        var over = Task.Delay(duration, Time);
        Simulation.Drain(() => over.IsCompleted);
        if (!over.IsCompleted)
            Assert.Fail($"expected {duration} to go by, but the run ends at {Simulation.Now}");
    }

    /// <summary>Makes a run for each of many seeds, and names the seed in which it fails.</summary>
    /// <param name="seeds">How many, at least 1.</param>
    /// <param name="run">The run, from starting its actors to its assertions.</param>
    protected void EachSeed(int seeds, Action run)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seeds, 1);
        ArgumentNullException.ThrowIfNull(run);
        for (var seed = 0UL; seed < (ulong)seeds; seed++)
        {
            try
            {
                BeginSeed(seed);
                run();
            }
            catch (Exception error) when (error is XunitException or SimulationException)
            {
                throw new XunitException($"seed {seed}: {error.Message}", error);
            }
        }
    }

    /// <summary>Ends the run that is going on, if any.</summary>
    /// <returns>What it was; null when there was none.</returns>
    /// <exception cref="SimulationException">An actor left the simulation's thread, or waits for something outside it.</exception>
    protected RunRecord? End()
    {
        if (!_runs)
            return null;
        _runs = false;
        return _simulation!.End();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends the run and the simulation.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing || _simulation == null)
            return;
        End();
        _simulation.Dispose();
    }

    private void BeginSeed(ulong seed) => Begin(new RunPlan { Seed = seed, TimeLimit = TimeSpan.MaxValue });
}
