using System.Globalization;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.IntelVtd;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.IntelVtd;

/// <summary>The life of a device between host and user space as a real Linux 6.1 lived it: in every state the same context entry, but for the address of
/// the table, and the same fate of a DMA.</summary>
public sealed class RecordedOwnershipTests
{
    private const ulong Canary = 0x1234_5000;
    private const ulong UserIova = 0x4000_0000;
    private const ulong UserPage = 0x0600_0000;

    [Fact]
    public void Every_recorded_state_has_the_recorded_entry_and_outcome()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 2UL << 30));
        var silicon = new IntelVtdIommu(memory, new IntelVtdOptions { Capability = new(0x00d2_008c_222f_0606), ExtendedCapability = new(0xf0_0f4a), HostWidth = 48 }, IotlbGeometry.WithoutLimit);
        var bus = new Bus(memory, silicon);
        var driver = new IntelVtdDriver(memory, new FrameAllocator(memory, 1UL << 30, 1UL << 30, OwnerTag.Host), KernelVersion.Linux61);
        bus.Run(driver.Probe());

        // Two other groups hold the first two domain ids.
        for (var i = 0u; i < 2; i++)
        {
            var other = new DmaDevice($"other{i}", new StreamId(0x10 + i));
            bus.Run(driver.ProbeDevice(other));
            bus.Run(driver.Attach(driver.AllocateDomain(DomainType.Dma), other));
        }

        var device = new DmaDevice("device", new StreamId(0x18));
        bus.Run(driver.ProbeDevice(device));
        var host = driver.AllocateDomain(DomainType.Dma);
        var claimed = driver.AllocateDomain(DomainType.Unmanaged);
        var user = driver.AllocateDomain(DomainType.Unmanaged);
        IEnumerable<DriverStep> Map(Protection protection)
        {
            DomainPaging.Map(user.PageTable!, UserIova, UserPage, 4096, protection, new InvalidationGather());
            return driver.SyncMap(user, new Iova(UserIova), 4096, new InvalidationGather());
        }

        IEnumerable<DriverStep> Unmap()
        {
            var gather = new InvalidationGather();
            DomainPaging.Unmap(user.PageTable!, UserIova, 4096, gather);
            return driver.Sync(user, gather);
        }

        var rows = 0;
        foreach (var (state, target, outcome, low, high) in Rows())
        {
            bus.Run(state switch
            {
                "S3-owner-claimed" => driver.Attach(claimed, device),
                "S4-user-domain-empty" => driver.Attach(user, device),
                "S5-user-mapped" => Map(Protection.Read | Protection.Write),
                "S6-user-unmapped" => Unmap(),
                "S7-user-mapped-readonly" => Unmap().Concat(Map(Protection.Read)),
                "S11-type-identity" => driver.Attach(driver.AllocateDomain(DomainType.Identity), device),
                "S12-device-removed" => driver.ReleaseDevice(device),
                _ => driver.Attach(host, device),
            });
            var root = new VtdRootEntry(memory.Read64(driver.Units[0].RootTable));
            var slot = root.ContextTable + (0x18 * 16);
            Assert.Equal((state, low & 0xfff, high), (state, memory.Read64(slot) & 0xfff, memory.Read64(slot + 8)));
            var iova = target is "user-iova" or "old-user-iova" ? UserIova : Canary;
            var write = Translate(silicon, iova, DmaAccess.Write);
            var read = Translate(silicon, iova, DmaAccess.Read);
            var actual = write ? "reached-RAM" : state == "S7-user-mapped-readonly" && read ? "write-stopped(read mapped)" : "stopped";
            Assert.Equal((state, outcome), (state, actual));
            rows++;
        }

        Assert.True(rows >= 20, $"{rows} states read");
    }

    private static bool Translate(IntelVtdIommu silicon, ulong iova, DmaAccess access)
    {
        var completions = new DmaCompletion[1];
        silicon.Translate([new DmaRequest(new StreamId(0x18), new Iova(iova), access)], completions);
        return completions[0].Status == DmaStatus.Completed;
    }

    // The rows of the one recorded legacy-mode run, up to the removal of the device.
    private static IEnumerable<(string State, string Target, string Outcome, ulong Low, ulong High)> Rows()
    {
        foreach (var line in File.ReadLines(Path.Combine(FindData(), "ownership.tsv")))
        {
            var fields = line.Split('\t');
            if (fields[0] != "own-strict" || !fields[1].StartsWith("intel-iommu legacy", StringComparison.Ordinal) || fields[5].StartsWith("not-probed", StringComparison.Ordinal))
                continue;
            var entry = fields[6].Split(' ');
            yield return (fields[3], fields[4], fields[5], Number(entry[1]), Number(entry[2]));
        }
    }

    private static ulong Number(string assignment) => ulong.Parse(assignment.AsSpan(3), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string FindData() => Repository.Path("tests", "data", "traces");
}
