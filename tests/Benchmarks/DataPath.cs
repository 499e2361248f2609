using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus;

namespace Emulator.Benchmarks;

/// <summary>Started hosts whose devices send random DMA, and the same DMA for a loop that knows no actors.</summary>
internal sealed class DataPath : IAsyncDisposable
{
    /// <summary>Bytes that an IOTLB of the default geometry holds in pages of any size: every DMA hits.</summary>
    public const ulong AllHit = 1UL << 20;

    private const int BareBatches = 64;

    private readonly EmulatedHost[] _hosts;
    private readonly HostClient[] _clients;

    /// <summary>Makes the hosts; <see cref="StartAsync"/> starts them.</summary>
    /// <param name="iommu">Their IOMMU's name.</param>
    /// <param name="bufferSize">Bytes that each device's DMA spreads over.</param>
    /// <param name="workload">What each device does.</param>
    /// <param name="devices">Devices of each host.</param>
    /// <param name="hosts">Hosts.</param>
    public DataPath(string iommu, ulong bufferSize, Workload workload, int devices = 1, int hosts = 1)
    {
        System = ActorSystem.Create("benchmark", EmulatorHostingExtensions.Configuration());
        _hosts = [.. Enumerable.Range(0, hosts).Select(host => EmulatedHost.Create(new HostSpecification
        {
            Name = $"benchmark-{host}",
            Room = IommuCatalog.Find(iommu)!,
            Devices = devices,
            Tenants = 1,
            BufferSize = bufferSize,
            Workload = workload,
        }))];
        foreach (var host in _hosts)
            System.RegisterOnTermination(host.Dispose);
        _clients = [.. _hosts.Select((host, index) => EmulatorHostingExtensions.Start(System, host, index, new EmulatorOptions()))];
        Batches = [.. Enumerable.Range(0, BareBatches).Select(seed => Fill(new DmaBatch(ActorRefs.Nobody, 0, 0, 0), seed))];
    }

    /// <summary>The actor system.</summary>
    public ActorSystem System { get; }

    /// <summary>The first host.</summary>
    public EmulatedHost Host => _hosts[0];

    /// <summary>DMA as the first device of the first host sends it.</summary>
    public IReadOnlyList<DmaBatch> Batches { get; }

    /// <summary>Waits until the hosts stand.</summary>
    public Task StartAsync() => Task.WhenAll(_clients.Select(client => client.WaitUntilStartedAsync()));

    /// <summary>Every device sends its workload, by way of silicon and isolation check, and gets all answers.</summary>
    public Task RunAsync()
    {
        foreach (var client in _clients)
            client.StartWorkload();
        return Task.WhenAll(_clients.Select(client => client.WaitForWorkloadAsync()));
    }

    /// <summary>The same silicon in a loop.</summary>
    /// <param name="dmas">DMAs to translate.</param>
    public void TranslateBare(int dmas)
    {
        var unit = Host.Platform.Bus.Units[0];
        for (var batch = 0; batch < dmas / DmaBatch.Capacity; batch++)
            unit.Translate(Batches[batch % BareBatches].Requests, Batches[batch % BareBatches].Completions);
    }

    /// <summary>The same silicon, asked for one DMA at a time.</summary>
    /// <param name="dmas">DMAs to translate.</param>
    public void TranslateOneAtATime(int dmas)
    {
        var unit = Host.Platform.Bus.Units[0];
        for (var index = 0; index < dmas / DmaBatch.Capacity; index++)
        {
            var batch = Batches[index % BareBatches];
            for (var dma = 0; dma < DmaBatch.Capacity; dma++)
                unit.Translate(batch.Requests.AsSpan(dma, 1), batch.Completions.AsSpan(dma, 1));
        }
    }

    public async ValueTask DisposeAsync() => await System.Terminate();

    /// <summary>Fills a batch with DMA as the first device of the first host sends it.</summary>
    public DmaBatch Fill(DmaBatch batch, int seed)
    {
        var random = new Random(seed);
        var specification = Host.Specification;
        batch.Count = batch.Requests.Length;
        for (var i = 0; i < batch.Count; i++)
        {
            var offset = (ulong)random.Next((int)specification.BufferSize / specification.Workload.Length) * (ulong)specification.Workload.Length;
            var access = random.Next(2) == 0 ? DmaAccess.Read : DmaAccess.Write;
            batch.Requests[i] = new DmaRequest(Host.Devices[0].Stream, new Iova(Host.Layout.IovaBase + offset), access, (ushort)specification.Workload.Length);
        }

        return batch;
    }
}
