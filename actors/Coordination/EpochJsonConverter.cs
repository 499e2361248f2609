using System.Text.Json;
using System.Text.Json.Serialization;
using Emulator.Actors.Ownership;

namespace Emulator.Actors.Coordination;

/// <summary>An epoch is a number.</summary>
internal sealed class EpochJsonConverter : JsonConverter<Epoch>
{
    public override Epoch Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetInt64());

    public override void Write(Utf8JsonWriter writer, Epoch value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
}
