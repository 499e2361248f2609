namespace Emulator.Simulations;

/// <summary>A simulation is not what it claims to be: an actor has left its thread, does not stop, or is used outside its rules.</summary>
public sealed class SimulationException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What is wrong, and which actor.</param>
    public SimulationException(string message)
        : base(message)
    {
    }
}
