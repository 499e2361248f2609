namespace Emulator.Actors.Coordination;

/// <summary>Marks what <see cref="CoordinationSerializer"/> writes.</summary>
internal interface ICoordinationEvent
{
}
