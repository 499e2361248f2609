using Emulator.Actors.Devices;
using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Translation;
using Emulator.Simulations.Exploration;

namespace Emulator.Simulations.Tests.Exploration;

/// <summary>The experiments of the tests: small hosts, so that a run takes a millisecond.</summary>
internal static class Experiments
{
    public static HostSpecification Host(string iommu, KernelVersion kernel, BlockingStrategy strategy) => new()
    {
        Name = "host",
        Room = IommuCatalog.Find(iommu)!,
        Kernel = kernel,
        Strategy = strategy,
        Devices = 2,
        BufferSize = 64 << 10,
        Iotlb = new IotlbGeometry { Sets = 8 },
        HeldDmaLimit = TimeSpan.FromMicroseconds(30),
        DriverStepLimit = 20_000,
        AnswerLimit = TimeSpan.FromMilliseconds(2),
        Workload = new Workload { BatchSize = 2, Credits = 1 },
    };

    public static Experiment Of(HostSpecification host, params FaultKind[] faults) => new() { Host = host, Faults = [.. faults.Select(kind => new FaultRate(kind, Explorer.StrikesSingleMessages(kind) ? 0.05 : 0.02))] };

    public static Experiment Sound(params FaultKind[] faults) => Of(Host("arm-smmu-v3", KernelVersion.Linux612, BlockingStrategy.Native), faults) with { EarlyTimers = 0.005 };

    public static Experiment Legacy(string iommu, int tenants = 2) =>
        Of(Host(iommu, KernelVersion.Linux61, BlockingStrategy.Detach) with { Pacing = DriverPacing.StepByStep, Devices = 1, Tenants = tenants });
}
