using Emulator.Cli.Replay.Host;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.ArmSmmuV3;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Tests.Replay;

/// <summary>In each ownership state of a recorded run our 6.1 driver writes the entry that the real driver wrote, and a DMA gets through where it did.</summary>
public sealed class OwnershipTests
{
    private static readonly StreamId Probed = StreamId.Pci(0, 3, 0);

    // Bits of the entries that depend on who allocates: table addresses and domain identifiers.
    private static readonly ulong[] IntelAllocated = [0x000f_ffff_ffff_f000, 0xff_ff00];
    private static readonly ulong[] AmdAllocated = [0x000f_ffff_ffff_f000, 0xffff, 0, 0];
    private static readonly ulong[] ArmAllocated = [0x000f_ffff_ffff_ffc0, 0, 0, 0];

    [Theory]
    [InlineData("own-strict", "intel", 21)]
    [InlineData("own-amd-strict", "amd", 21)]
    [InlineData("own-arm64-strict", "arm-smmu-v3", 21)]
    public void Entries_and_outcomes_are_those_of_the_real_driver_in_every_ownership_state(string run, string iommu, int states)
    {
        var platform = iommu == "arm-smmu-v3" ? BuildSmmuWithoutStalls()
            : IommuCatalog.Find(iommu)!.Create(new PlatformOptions { Kernel = KernelVersion.Linux61, Iotlb = IotlbGeometry.WithoutLimit });
        using var host = new ReplayHost(platform);
        var rows = new Queue<(string State, string Target, string Outcome, ulong[] Entry)>(OwnershipRun.Rows(run));
        Assert.Equal(states, rows.Count);
        var differences = new List<string>();
        var canary = 0UL;
        foreach (var e in OwnershipRun.Events(run))
        {
            host.Apply(e);
            if (e.Mark == null || !e.Mark.StartsWith("OWN ", StringComparison.Ordinal))
                continue;
            var words = e.Mark.Split(' ').Skip(1).Select(word => word.Split('=')).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
            if (words.TryGetValue("pa", out var address))
                canary = Convert.ToUInt64(address, 16);
            if (!words.ContainsKey("result"))
                continue;
            var row = rows.Dequeue();
            Assert.Equal((row.State, row.Target), (words["state"], words["target"]));
            Compare(row, Entry(platform, iommu), iommu, differences);
            var outcome = Probe(host.Silicon, Convert.ToUInt64(words["addr"], 16), canary);
            if (!row.Outcome.StartsWith("not-probed", StringComparison.Ordinal) && outcome != row.Outcome)
                differences.Add($"{row.State} {row.Target}: {outcome}, there {row.Outcome}");
        }

        Assert.Empty(rows);
        Assert.True(differences.Count == 0, string.Join('\n', differences));
        Assert.True(host.Problems.Count == 0, string.Join('\n', host.Problems.Kept));
    }

    // The recorded SMMU has IDR0.STALL_MODEL 1: without stalls the driver does not set S1STALLD in its entries.
    private static Platform BuildSmmuWithoutStalls()
    {
        const ulong Frames = 1UL << 32;
        const ulong Length = 1UL << 30;
        var memory = new PhysicalMemory();
        var standard = new ArmSmmuV3Options { Iotlb = IotlbGeometry.WithoutLimit };
        var silicon = new ArmSmmuV3Iommu("smmu", memory, standard with { Idr0 = (standard.Idr0 & ~(3u << 24)) | 1u << 24 });
        var frames = new FrameAllocator(memory, Frames, Length, OwnerTag.Host);
        return new Platform(new Bus(memory, silicon), frames, new ArmSmmuV3Driver(memory, frames, KernelVersion.Linux61), _ => throw new NotSupportedException());
    }

    private static void Compare((string State, string Target, string Outcome, ulong[] Entry) row, ulong[] entry, string iommu, List<string> differences)
    {
        var allocated = iommu switch { "intel" => IntelAllocated, "amd" => AmdAllocated, _ => ArmAllocated };
        for (var i = 0; i < allocated.Length; i++)
        {
            if ((entry[i] & ~allocated[i]) != (row.Entry[i] & ~allocated[i]) || (entry[i] & allocated[i]) == 0 != ((row.Entry[i] & allocated[i]) == 0))
                differences.Add($"{row.State} word {i}: {entry[i]:x16}, there {row.Entry[i]:x16}");
        }
    }

    // Reads the entry of the probed device where the silicon's registers say that the tables are.
    private static ulong[] Entry(Platform platform, string iommu)
    {
        var (memory, registers) = (platform.Memory, platform.Bus.Units[0].Registers);
        const ulong Address = 0x000f_ffff_ffff_f000;
        switch (iommu)
        {
            case "intel":
                var context = memory.Read64(registers.Read(0x20, 8) & Address) & Address;
                return Words(memory, context + (Probed.DevFn * 16UL), 2);
            case "amd":
                return Words(memory, (registers.Read(0, 8) & Address) + (Probed.Value * 32UL), 4);
            default:
                var streams = memory.Read64(registers.Read(0x80, 8) & 0x000f_ffff_ffff_ffc0) & 0x000f_ffff_ffff_ffc0;
                return Words(memory, streams + (Probed.Value * 64UL), 4);
        }
    }

    private static ulong[] Words(PhysicalMemory memory, ulong address, int count) => [.. Enumerable.Range(0, count).Select(i => memory.Read64(address + ((ulong)i * 8)))];

    private static string Probe(IIommu silicon, ulong address, ulong canary)
    {
        var read = Send(silicon, address, DmaAccess.Read);
        var write = Send(silicon, address, DmaAccess.Write);
        Assert.All([read, write], landed => Assert.True(landed is null || landed == canary, $"landed at 0x{landed:x}"));
        return (read, write) switch
        {
            (null, null) => "stopped",
            (not null, null) => "write-stopped(read mapped)",
            (not null, not null) => "reached-RAM",
            _ => "read-stopped",
        };
    }

    private static ulong? Send(IIommu silicon, ulong address, DmaAccess access)
    {
        Span<DmaCompletion> completion = stackalloc DmaCompletion[1];
        silicon.Translate([new DmaRequest(Probed, new Iova(address), access)], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }
}
