namespace Emulator.Telemetry;

/// <summary>Where meters and traces go. Nowhere, unless told.</summary>
/// <param name="Console">To standard output.</param>
/// <param name="OtlpEndpoint">To a collector that speaks OTLP, such as <c>http://localhost:4317</c>.</param>
public sealed record TelemetryOptions(bool Console = false, Uri? OtlpEndpoint = null)
{
    /// <summary>Whether anything is exported.</summary>
    public bool IsEnabled => Console || OtlpEndpoint != null;
}
