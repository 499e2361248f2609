namespace Emulator.Simulations.Engine;

/// <summary>A reference that waits for the answer to an Ask, whatever its type.</summary>
internal interface ISimFutureRef
{
    ActorName Name { get; }

    /// <summary>Moves the Ask's limit to virtual time.</summary>
    void TakeTimeout();
}
