using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.ArmSmmuV3;
using Emulator.Hardware.Iommus.ArmSmmuV3.Driver;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmuV3;

/// <summary>The facts of the kernel's own tests of 6.12's entry writer (arm-smmu-v3-test.c): how many syncs a change takes, and whether the SMMU could see
/// an invalid entry in between.</summary>
public sealed class EntryWriterTests
{
    private const ulong Incoming = 1UL << 44;
    private const ulong Address = 0x1000;

    private static readonly StreamTableEntry Abort = new(0x1, 0, 0, 0);
    private static readonly StreamTableEntry Bypass = new(0x9, Incoming, 0, 0);
    private static readonly StreamTableEntry Contexts = new(0xF800_F0F0_F0F0_F0EB, 0x1800_00D6, 0, 0);
    private static readonly StreamTableEntry ContextsOrBypass = new(0xF800_F0F0_F0F0_F0EB, Incoming | 0x1800_00D5, 0, 0);
    private static readonly StreamTableEntry OtherContexts = new(0xF800_004B_4B4B_4B6B, Incoming | 0x1800_00D5, 0, 0);
    private static readonly StreamTableEntry Stage2 = new(0xD, Incoming | 0x1000_0000, 0x0449_B6C4_0000_0000, 0xDBEEF_DEADBEE0);
    private static readonly StreamTableEntry StallingContexts = new(0xF800_F0F0_F0F0_F0EB, 0xD6, 0, 0);
    private static readonly StreamTableEntry StallingStage2 = new(0xD, Incoming, 0x0649_B6C4_0000_0000, 0xDBEEF_DEADBEE0);

    private static readonly ContextDescriptor Stage1 = new() { Valid = true, Aa64 = true, T0Sz = 16, Record = true, Abort = true, AsidPrivate = true, Asid = 1997, WalkDisabled1 = true, Table0 = 0xDAED_BEEF_DEA0, Mair = 0xABCDEF };
    private static readonly ContextDescriptor Shared = new() { Valid = true, Aa64 = true, T0Sz = 16, Record = true, Abort = true, Asid = 1997, WalkDisabled1 = true, Table0 = 0xDAED_BEEF_DEA0, Mair = 0xABCDEF };
    private static readonly ContextDescriptor Released = new() { Valid = true, Aa64 = true, WalkDisabled0 = true, Record = true, Abort = true, Asid = 1997, WalkDisabled1 = true, Mair = 0xABCDEF };

    public static TheoryData<string, StreamTableEntry, StreamTableEntry, int, bool> StreamChanges => new()
    {
        { "bypass to abort", Bypass, Abort, 2, true },
        { "abort to bypass", Abort, Bypass, 2, true },
        { "contexts to abort", Contexts, Abort, 2, true },
        { "abort to contexts", Abort, Contexts, 2, true },
        { "contexts to bypass", Contexts, Bypass, 3, true },
        { "bypass to contexts", Bypass, Contexts, 3, true },
        { "S1DSS substream 0 to bypass", Contexts, ContextsOrBypass, 1, true },
        { "S1DSS bypass to substream 0", ContextsOrBypass, Contexts, 1, true },
        { "S1DSS bypass to bypass", ContextsOrBypass, Bypass, 2, true },
        { "bypass to S1DSS bypass", Bypass, ContextsOrBypass, 2, true },
        { "stage 2 to abort", Stage2, Abort, 2, true },
        { "abort to stage 2", Abort, Stage2, 2, true },
        { "stage 2 to bypass", Stage2, Bypass, 2, true },
        { "bypass to stage 2", Bypass, Stage2, 2, true },
        { "contexts to stage 2", Contexts, Stage2, 3, true },
        { "stage 2 to contexts", Stage2, Contexts, 3, true },
        { "stalling contexts to stage 2", StallingContexts, StallingStage2, 3, true },
        { "stalling stage 2 to contexts", StallingStage2, StallingContexts, 3, true },
        { "contexts to another table", Contexts, OtherContexts, 3, false },
        { "no change", Contexts, Contexts, 0, true },
    };

    public static TheoryData<string, ContextDescriptor, ContextDescriptor, int, bool> ContextChanges => new()
    {
        { "clear to stage 1", default, Stage1, 2, false },
        { "stage 1 to clear", Stage1, default, 2, false },
        { "ASID 778 to 1997", Stage1 with { Asid = 778 }, Stage1, 1, true },
        { "ASID 1997 to 778", Stage1, Stage1 with { Asid = 778 }, 1, true },
        { "clear to shared", default, Shared, 2, false },
        { "shared to clear", Shared, default, 2, false },
        { "shared to released", Shared, Released, 2, true },
        { "released to shared", Released, Shared, 2, true },
    };

    [Theory]
    [MemberData(nameof(StreamChanges))]
    public void A_stream_entry_changes_in_as_few_syncs_as_the_kernel_needs(string change, StreamTableEntry from, StreamTableEntry to, int syncs, bool hitless)
    {
        using var memory = new PhysicalMemory();
        Store(memory, from.Word);
        var seen = Write(memory, sync => EntryWriter.Write(memory, Address, to, change, sync));
        Check(memory, seen, to.Word, syncs, hitless);
    }

    [Theory]
    [MemberData(nameof(ContextChanges))]
    public void A_context_descriptor_changes_in_as_few_syncs_as_the_kernel_needs(string change, ContextDescriptor from, ContextDescriptor to, int syncs, bool hitless)
    {
        using var memory = new PhysicalMemory();
        Store(memory, from.Word);
        var seen = Write(memory, sync => EntryWriter.Write(memory, Address, to, change, sync));
        Check(memory, seen, to.Word, syncs, hitless);
    }

    [Fact]
    public void From_stage_1_to_stage_2_the_SMMU_sees_three_entries()
    {
        using var memory = new PhysicalMemory();
        Store(memory, Contexts.Word);
        var seen = Write(memory, sync => EntryWriter.Write(memory, Address, Stage2, "STE", sync));
        Assert.Equal([(0xF800_F0F0_F0F0_F0EBUL, 0x1000_1800_00D6UL, 0x0449_B6C4_0000_0000UL), (0xDUL, 0x1000_1800_00D6UL, 0x0449_B6C4_0000_0000UL), (0xDUL, 0x1000_1000_0000UL, 0x0449_B6C4_0000_0000UL)], seen);
    }

    [Fact]
    public void To_another_context_table_the_entry_is_invalid_for_a_while()
    {
        using var memory = new PhysicalMemory();
        Store(memory, Contexts.Word);
        var seen = Write(memory, sync => EntryWriter.Write(memory, Address, OtherContexts, "STE", sync));
        Assert.Equal([(0UL, 0x1800_00D6UL, 0UL), (0UL, 0x1000_1800_00D5UL, 0UL), (0xF800_004B_4B4B_4B6BUL, 0x1000_1800_00D5UL, 0UL)], seen);
    }

    private static void Store(PhysicalMemory memory, Func<int, ulong> word)
    {
        for (var i = 0; i < EntryWriter.Words; i++)
            memory.Write64(Address + (8 * (ulong)i), word(i));
    }

    // The first three words as they are at each sync.
    private static List<(ulong, ulong, ulong)> Write(PhysicalMemory memory, Func<Func<IEnumerable<DriverStep>>, IEnumerable<DriverStep>> write)
    {
        var seen = new List<(ulong, ulong, ulong)>();
        new Bus(memory).Run(write(() =>
        {
            seen.Add((memory.Read64(Address), memory.Read64(Address + 8), memory.Read64(Address + 16)));
            return [];
        }));
        return seen;
    }

    private static void Check(PhysicalMemory memory, List<(ulong, ulong, ulong)> seen, Func<int, ulong> word, int syncs, bool hitless)
    {
        Assert.Equal(syncs, seen.Count);
        Assert.Equal(hitless, seen.TrueForAll(entry => entry.Item1 != 0));
        for (var i = 0; i < EntryWriter.Words; i++)
            Assert.Equal(word(i), memory.Read64(Address + (8 * (ulong)i)));
    }
}
