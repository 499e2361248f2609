namespace Emulator.Actors.Silicon;

/// <summary>Marks the messages that wait in line with DMA in a <see cref="ControlAwareMailbox"/>; all others overtake them.</summary>
public interface IDataLane
{
}
