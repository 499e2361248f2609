using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Emulator.Telemetry;

/// <summary>Wires the meters and activity sources to OpenTelemetry's exporters.</summary>
public static class TelemetryHostingExtensions
{
    /// <summary>Adds the exporters that the options name; nothing when they name none.</summary>
    public static IServiceCollection AddEmulatorTelemetry(this IServiceCollection services, TelemetryOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.IsEnabled)
            return services;
        services.AddOpenTelemetry()
            .ConfigureResource(static resource => resource.AddService("emulator"))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(EmulatorMeters.DmaMeterName, EmulatorMeters.OwnershipMeterName);
                if (options.Console)
                    metrics.AddConsoleExporter();
                if (options.OtlpEndpoint is { } endpoint)
                    metrics.AddOtlpExporter(exporter => exporter.Endpoint = endpoint);
            })
            .WithTracing(tracing =>
            {
                tracing.AddSource(OwnershipActivities.SourceName);
                if (options.Console)
                    tracing.AddConsoleExporter();
                if (options.OtlpEndpoint is { } endpoint)
                    tracing.AddOtlpExporter(exporter => exporter.Endpoint = endpoint);
            });
        return services;
    }
}
