using System.Text.Json.Serialization;

namespace Emulator.Actors.Coordination;

/// <summary>The events as JSON.</summary>
[JsonSourceGenerationOptions(Converters = [typeof(EpochJsonConverter), typeof(OwnerTagJsonConverter)],
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CoordinationEvents.HostAdmitted))]
[JsonSerializable(typeof(CoordinationEvents.ChangeDecided))]
[JsonSerializable(typeof(CoordinationEvents.ChangeCompleted))]
[JsonSerializable(typeof(CoordinationEvents.ChangeFailed))]
[JsonSerializable(typeof(CoordinationEvents.Snapshot))]
internal sealed partial class CoordinationJson : JsonSerializerContext
{
}
