using System.Text.Json;
using System.Text.Json.Serialization;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Coordination;

/// <summary>An owner tag is a number.</summary>
internal sealed class OwnerTagJsonConverter : JsonConverter<OwnerTag>
{
    public override OwnerTag Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetInt32());

    public override void Write(Utf8JsonWriter writer, OwnerTag value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
}
