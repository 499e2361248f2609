using System.Runtime.Serialization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Akka.Actor;
using Akka.Serialization;

namespace Emulator.Actors.Coordination;

/// <summary>Writes the coordinator's events, and reads those and no other type. The manifest is the event's name and version.</summary>
public sealed class CoordinationSerializer : SerializerWithStringManifest
{
    /// <summary>Names this serializer in a journal.</summary>
    public const int Id = 7401;

    private static readonly Dictionary<string, JsonTypeInfo> s_types = new(StringComparer.Ordinal)
    {
        ["host-admitted-1"] = CoordinationJson.Default.HostAdmitted,
        ["change-decided-1"] = CoordinationJson.Default.ChangeDecided,
        ["change-completed-1"] = CoordinationJson.Default.ChangeCompleted,
        ["change-failed-1"] = CoordinationJson.Default.ChangeFailed,
        ["snapshot-1"] = CoordinationJson.Default.Snapshot,
    };

    private static readonly Dictionary<Type, string> s_manifests = s_types.ToDictionary(type => type.Value.Type, type => type.Key);

    /// <summary>Made by the actor system.</summary>
    public CoordinationSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <inheritdoc/>
    public override int Identifier => Id;

    /// <inheritdoc/>
    /// <exception cref="SerializationException">It is none of the coordinator's events.</exception>
    public override string Manifest(object o)
    {
        ArgumentNullException.ThrowIfNull(o);
        return s_manifests.TryGetValue(o.GetType(), out var manifest) ? manifest : throw new SerializationException($"{o.GetType()} is no event of the coordinator");
    }

    /// <inheritdoc/>
    /// <exception cref="SerializationException">It is none of the coordinator's events.</exception>
    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes(obj, s_types[Manifest(obj)]);

    /// <inheritdoc/>
    /// <exception cref="SerializationException">The manifest is unknown, or the bytes are not what it says.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (!s_types.TryGetValue(manifest, out var type))
            throw new SerializationException($"the coordinator's journal has an event '{manifest}'; known are {string.Join(", ", s_types.Keys)}");
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw new SerializationException($"the coordinator's journal has an event '{manifest}' that is null");
        }
        catch (JsonException error)
        {
            throw new SerializationException($"the coordinator's journal has an event '{manifest}' that can't be read: {error.Message}", error);
        }
    }
}
