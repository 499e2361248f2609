using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.S390;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.S390;

/// <summary>Table words and instruction operands worked out by hand.</summary>
public sealed class WorkedExampleTests
{
    private const ulong Root = 0x1000_0000;

    [Theory]
    [InlineData(0x1_0000_0000, 0x8000_5000, true, 0x10004000, 0x10008000, 0x10000010, 0x10004000, 0x10008000, 0x80005000, 0x80005400)]
    [InlineData(0x12_3456_7000, 0x3_ffff_f000, false, 0x10004000, 0x10008800, 0x10000120, 0x10005a28, 0x10008b38, 0x3fffff200, 0x3fffff400)]
    [InlineData(0x3ff_ffff_f000, 0x1000, true, 0x10010000, 0x10009000, 0x10003ff8, 0x10013ff8, 0x100097f8, 0x1000, 0x1400)]
    public void A_mapping_puts_these_words_there(
        ulong iova, ulong physical, bool writable, ulong segments, ulong pages, ulong regionEntry, ulong segmentEntry, ulong pageEntry, ulong mapped, ulong unmapped)
    {
        using var memory = new PhysicalMemory();
        var tables = new S390Tables(memory, new Blocks(Root, segments, pages));

        Assert.Equal(Errno.None, tables.Validate(iova, physical, 1, writable));

        Assert.Equal(segments | 7, memory.ReadBigEndian64(regionEntry));
        Assert.Equal(pages, memory.ReadBigEndian64(segmentEntry));
        Assert.Equal(mapped, memory.ReadBigEndian64(pageEntry));
        var walker = new S390Walker(memory, zeroEntryIsInvalid: true);
        Assert.Equal(S390EventCode.None, walker.Walk(Root, iova + 0x123, out var walk));
        Assert.Equal(physical + 0x123, walk.Translate(iova + 0x123));

        tables.Invalidate(iova, 1);

        Assert.Equal(unmapped, memory.ReadBigEndian64(pageEntry));
        Assert.Equal(S390EventCode.TranslationProtection, walker.Walk(Root, iova, out _));
        Assert.Null(tables.FrameOf(iova));
    }

    [Fact]
    public void Table_words_have_their_most_significant_byte_first()
    {
        using var memory = new PhysicalMemory();
        var tables = new S390Tables(memory, new Blocks(Root, 0x10004000, 0x10008000));
        tables.Validate(0x1_0000_0000, 0x8000_5000, 1, writable: true);
        var bytes = new byte[8];

        memory.Read(0x10000010, bytes);

        Assert.Equal([0, 0, 0, 0, 0x10, 0, 0x40, 0x07], bytes);
    }

    [Fact]
    public void Empty_tables_are_invalid_entries()
    {
        using var memory = new PhysicalMemory();
        new S390Tables(memory, new Blocks(Root, 0x10004000, 0x10008000)).Validate(0x1_0000_0000, 0x8000_5000, 1, writable: true);

        Assert.Equal(0x20UL, memory.ReadBigEndian64(Root));
        Assert.Equal(0x20UL, memory.ReadBigEndian64(0x10004008));
        Assert.Equal(0x400UL, memory.ReadBigEndian64(0x10008008));
    }

    [Fact]
    public void An_attach_registers_the_domains_table_and_a_map_refreshes_its_range()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        var domain = (S390Domain)machine.Driver.AllocateDomain(DomainType.Unmanaged);
        var written = new List<(ulong, ulong)>();
        void Record(DriverStep step)
        {
            if (step.Kind == DriverStepKind.WriteRegister)
                written.Add((step.Address, step.Value));
        }

        machine.Run(machine.Driver.Attach(domain, ZpciMachine.Device()), Record);
        machine.Run(machine.Driver.Map(domain, ZpciMachine.Start, ZpciMachine.PageA, 0x1000, Protection.Read), Record);

        var iota = domain.Table!.Tables.Root | 0x804;
        Assert.Equal(
            [
                (0x00, 0), (0x08, 0), (0x10, 0), (0x18, 0), (0x20, 0x8000001700000005),
                (0x00, ZpciMachine.Start), (0x08, ZpciMachine.End), (0x10, iota), (0x18, 0), (0x20, 0x8000001700000004),
                (0x28, 0x100000000), (0x30, 0x1000), (0x38, 0x8000001700000000),
            ],
            written);
    }

    [Fact]
    public void Recovery_resets_the_block_and_then_the_error_on_the_event_CPU()
    {
        using var machine = new ZpciMachine(KernelVersion.Linux61);
        machine.Dma();
        var executed = new List<ulong>();

        machine.Run(machine.Driver.HandleInterrupt(), step =>
        {
            if (step.Kind == DriverStepKind.WriteRegister && step.Address == S390Registers.Of(1, S390Registers.ModifyControls))
                executed.Add(step.Value);
        });

        Assert.Equal([0x8000001700000009, 0x8000001700000007], executed);
    }

    private sealed class Blocks(params ulong[] addresses) : IFrameAllocator
    {
        private int _next;

        public ulong Allocate(ulong bytes) => addresses[_next++];

        public void Free(ulong address, ulong bytes)
        {
        }
    }
}
