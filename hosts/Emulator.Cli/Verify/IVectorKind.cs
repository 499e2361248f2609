using System.Text.Json;

namespace Emulator.Cli.Verify;

/// <summary>A kind of recorded vector and how to run one.</summary>
public interface IVectorKind
{
    /// <summary>The kind's name in reports.</summary>
    string Name { get; }

    /// <summary>Whether a vector, by its content, is of this kind.</summary>
    bool Recognises(JsonElement vector);

    /// <summary>The vector's identity, for reports.</summary>
    string Identify(JsonElement vector);

    /// <summary>Runs a vector against the models.</summary>
    void Run(JsonElement vector, VectorRun run);
}
