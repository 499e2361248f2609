using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.ArmSmmuV3;
using Emulator.Hardware.Translation;
using static Emulator.Hardware.Tests.Iommus.ArmSmmuV3.SmmuV3Bench;
using R = Emulator.Hardware.Iommus.ArmSmmuV3.ArmSmmuV3Registers;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmuV3;

public sealed class CoherenceTests
{
    private const int Pages = 8;
    private const int Operations = 400;

    private static readonly ulong[] Roots = [0x8000_0000, 0x8800_0000];

    public static TheoryData<int, bool> Runs => new() { { 1, false }, { 2, false }, { 3, true }, { 4, true }, { 5, true } };

    // Two silicons over one memory: one caches, the other reads everything anew. Random changes, each with the invalidation that it needs.
    [Theory]
    [MemberData(nameof(Runs))]
    public void Caches_cannot_be_seen_when_every_invalidation_is_sent(int seed, bool ranges)
    {
        using var smmu = new SmmuV3Bench(new ArmSmmuV3Options { Iotlb = IotlbGeometry.WithoutLimit });
        using var plain = new SmmuV3Bench(
            new ArmSmmuV3Options { Iotlb = IotlbGeometry.WithoutCaching, ConfigurationEntries = 0 }, memory: smmu.Memory);
        var random = new Random(seed);
        for (var domain = 0; domain < 2; domain++)
            smmu.Store(Descriptor(domain), table: ContextTable + ((ulong)domain * 0x1000));
        smmu.Send(Command.Sync());
        var completed = 0;
        for (var i = 0; i < Operations; i++)
        {
            Change(smmu, random, ranges);
            foreach (var sid in new[] { Sid, Sid + 1 })
            {
                var iova = (ulong)random.Next(Pages) << 12;
                var access = (DmaAccess)random.Next(2);
                var expected = plain.Lands(iova, access, sid);
                Assert.Equal(expected, smmu.Lands(iova, access, sid));
                completed += expected == null ? 0 : 1;
            }
        }

        Assert.InRange(completed, Operations / 4, Operations * 2);
        Assert.True(smmu.Silicon.Iotlb.Hits > Operations / 8);
        Assert.Equal(0UL, smmu.Read(R.GError));
    }

    private static ContextDescriptor Descriptor(int domain) => Stage1 with { Asid = (ushort)(domain + 1), Table0 = Roots[domain], Record = false };

    private static void Change(SmmuV3Bench smmu, Random random, bool ranges)
    {
        var domain = random.Next(2);
        var sid = Sid + (uint)random.Next(2);
        var asid = (ushort)(domain + 1);
        if (random.Next(4) == 0)
        {
            var configuration = random.Next(6) switch { 0 => StreamConfiguration.Abort, 1 => StreamConfiguration.Bypass, _ => StreamConfiguration.Stage1 };
            smmu.Store(new StreamTableEntry { Valid = true, Configuration = configuration, ContextTable = ContextTable + ((ulong)domain * 0x1000) }, sid);
            smmu.Send(Command.InvalidateSte(sid), Command.Sync());
            return;
        }

        var first = random.Next(Pages);
        var count = ranges ? random.Next(1, Pages - first + 1) : 1;
        for (var page = first; page < first + count; page++)
        {
            var leaf = random.Next(3) == 0 ? 0 : 0x4000_0000UL | ((ulong)random.Next(256) << 12) | Page | ((ulong)random.Next(2) << 7);
            smmu.Map(Roots[domain], (ulong)page << 12, leaf);
        }

        var invalidation = Command.TlbiAddress(CommandOpcode.TlbiNhVa, 0, asid, (ulong)first << 12, leaf: true);
        smmu.Send(ranges ? invalidation with { Granule = 1, Ttl = 3, Num = count - 1 } : invalidation, Command.Sync());
    }
}
