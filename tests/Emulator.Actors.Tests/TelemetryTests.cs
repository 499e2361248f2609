using System.Diagnostics;
using System.Diagnostics.Metrics;
using Emulator.Actors.Devices;
using Emulator.Actors.Programming;
using Emulator.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Emulator.Actors.Tests;

public sealed class TelemetryTests : HostTest
{
    [Theory]
    [InlineData(DriverPacing.Whole)]
    [InlineData(DriverPacing.StepByStep)]
    public async Task A_change_of_owner_is_one_trace_across_the_actors(DriverPacing pacing)
    {
        var exported = new List<Activity>();
        using var provider = Sdk.CreateTracerProviderBuilder().AddSource(OwnershipActivities.SourceName).AddInMemoryExporter(exported).Build();
        await Start(Specification() with { Pacing = pacing });
        await Host.ReassignAsync(0, B);
        provider.ForceFlush();

        Activity[] spans;
        lock (exported)
            spans = [.. exported.Where(span => Equals(span.GetTagItem("emulator.host"), Host.Specification.Name))];
        var change = Assert.Single(spans, span => span.OperationName == OwnershipActivities.Change && Equals(span.GetTagItem("emulator.epoch"), 2L));
        Assert.Equal(default, change.ParentSpanId);
        var parts = spans.Where(span => span.TraceId == change.TraceId && span != change).OrderBy(span => span.StartTimeUtc).ToArray();
        Assert.All(parts, part => Assert.Equal(change.SpanId, part.ParentSpanId));
        string[] order =
        [
            OwnershipActivities.Block, OwnershipActivities.Program, OwnershipActivities.Fence,
            OwnershipActivities.Blocked, OwnershipActivities.Attach, OwnershipActivities.Program,
        ];
        Assert.Equal(order, parts.Select(part => part.OperationName));
    }

    [Fact]
    public async Task A_change_joins_the_trace_of_who_asked_for_it()
    {
        var exported = new List<Activity>();
        using var provider = Sdk.CreateTracerProviderBuilder().AddSource(OwnershipActivities.SourceName).AddInMemoryExporter(exported).Build();
        await Start(Specification());
        var context = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        await Akka.Actor.Futures.Ask<Hosts.HostMessages.Reassigned>(Host.Actor, new Hosts.HostMessages.Reassign(0, B, context), Patience);
        provider.ForceFlush();
        lock (exported)
            Assert.Contains(exported, span => span.TraceId == context.TraceId && span.ParentSpanId == context.SpanId && span.OperationName == OwnershipActivities.Change);
    }

    [Fact]
    public async Task The_meters_show_the_hosts_counters_under_its_name()
    {
        var seen = new Dictionary<string, long>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, meterListener) =>
            {
                if (instrument.Meter.Name is EmulatorMeters.DmaMeterName or EmulatorMeters.OwnershipMeterName)
                    meterListener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag.Key == "emulator.host" && Equals(tag.Value, Host.Specification.Name))
                    seen[instrument.Name] = value;
            }
        });
        listener.Start();
        await Start(Specification() with { Workload = new Workload { TotalDmas = 1000 } });
        Host.StartWorkload();
        await Host.WaitForWorkloadAsync();
        await Host.ReassignAsync(0, B);
        await Host.GetStatisticsAsync();
        listener.RecordObservableInstruments();
        Assert.Equal(2000, seen["emulator.dma.requests"]);
        Assert.Equal(1, seen["emulator.ownership.changes"]);
        Assert.Equal(0, seen["emulator.isolation.violations"]);
    }
}
