using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.ArmSmmu;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmu;

/// <summary>Worked examples: the words and registers that the driver writes, and what the silicon makes of them.</summary>
public sealed class WorkedExampleTests
{
    private static readonly ArmSmmuOptions FortyBitOutput = new() { Id1 = DriverBench.Id1, Id2 = 0x7522 };

    [Fact]
    public void Two_pages_and_a_block_of_stage_1()
    {
        using var bench = new DriverBench(hardware: FortyBitOutput);
        var domain = bench.Attached();
        bench.Map(domain, 0x1000_0000, 0x89AB_C000, 0x2000);
        bench.Map(domain, 0x4000_0000, 0x8_C000_0000, 0x20_0000, Protection.Read | Protection.Cache);
        Assert.Equal(
            [0x8000_1003u, 0x8000_2003u, 0x8000_3003u, 0x89AB_CF47u, 0x89AB_DF47u, 0x8000_4003u, 0x8_C000_0FC5u],
            new ulong[] { 0x8000_0000, 0x8000_1000, 0x8000_2400, 0x8000_3000, 0x8000_3008, 0x8000_1008, 0x8000_4000 }.Select(bench.Memory.Read64));
        Assert.Equal(0x89AB_D123ul, bench.Lands(0x1000_1123));
        Assert.Equal(0x8_C012_3456ul, bench.Lands(0x4012_3456, DmaAccess.Read));
        Assert.Null(bench.Lands(0x4012_3456));
    }

    [Fact]
    public void Device_memory_and_the_top_of_the_range()
    {
        using var bench = new DriverBench(hardware: FortyBitOutput);
        var domain = bench.Attached();
        bench.Map(domain, 0x0800_0000, 0x0802_0000, protection: Protection.Write | Protection.Mmio | Protection.NoExecute);
        Assert.Equal(0x0060_0000_0802_0E4Bul, bench.Memory.Read64(0x8000_3000));
        bench.Map(domain, 0xFFFF_FFE0_0000, 0x8_C040_0000, 0x20_0000, Protection.Read | Protection.Write);
        Assert.Equal(0x8_C040_0E41ul, bench.Memory.Read64(0x8000_5FF8));
        Assert.Equal(0x8_C040_0010ul, bench.Lands(0xFFFF_FFE0_0010));
    }

    [Fact]
    public void A_39_bit_table_starts_at_level_1()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 4UL << 30));
        var table = ArmLpaePageTable.Create(memory, new FrameAllocator(memory, 0x9000_0000, 0x10_0000, OwnerTag.Host), Config(ArmLpaeFormat.Arm64Stage1, 39, 48, 0x4020_1000))!;
        table.Map(0x1234_5000, 0x8_A765_4000, 0x1000, 1, DriverBench.ReadWriteCache, new InvalidationGather());
        table.Map(0x4000_0000, 0x8_C000_0000, 0x4000_0000, 1, DriverBench.ReadWriteCache, new InvalidationGather());
        Assert.Equal(
            [0x9000_1003u, 0x9000_2003u, 0x8_A765_4F47u, 0x8_C000_0F45u],
            new ulong[] { 0x9000_0000, 0x9000_1488, 0x9000_2A28, 0x9000_0008 }.Select(memory.Read64));
    }

    [Fact]
    public void Stage_2_of_40_bits_has_two_first_tables()
    {
        using var bench = new DriverBench(hardware: FortyBitOutput with { Id0 = FortyBitOutput.Id0 & ~(1u << 30), Id1 = 0x2008_0008 }, tables: 0x9000_0000);
        var domain = bench.Attached();
        bench.Map(domain, 0x8000_0000, 0x8_8000_0000);
        bench.Map(domain, 0x80_4000_0000, 0x8_C020_0000, 0x20_0000, Protection.Read);
        Assert.Equal(
            [0x9000_2003u, 0x9000_3003u, 0x8_8000_07FFu, 0x9000_4003u, 0x8_C020_0655u],
            new ulong[] { 0x9000_0010, 0x9000_2000, 0x9000_3000, 0x9000_1008, 0x9000_4000 }.Select(bench.Memory.Read64));
        Assert.Equal(0x8002_3558u, bench.Read(0x8000 + R.TranslationControl));
        Assert.Equal(0x67u, bench.Read(0x8000 + R.BankControl));
        Assert.Equal(1u, bench.Read(0x1000));
        Assert.Equal(0x8_8000_0008ul, bench.Lands(0x8000_0008));
        Assert.Equal(0x8_C020_0008ul, bench.Lands(0x80_4000_0008, DmaAccess.Read));
    }

    [Fact]
    public void A_64K_granule_keeps_address_bits_51_to_48_at_the_bottom()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 4UL << 30));
        var table = ArmLpaePageTable.Create(memory, new FrameAllocator(memory, 0x9000_0000, 0x100_0000, OwnerTag.Host), Config(ArmLpaeFormat.Arm64Stage1, 48, 52, 0x2001_0000))!;
        table.Map(0x1_0000_0000, 0xA_0000_1234_0000, 0x1_0000, 1, DriverBench.ReadWriteCache, new InvalidationGather());
        Assert.Equal([0x9001_0003u, 0x9002_0003u, 0x1234_AF47u], new ulong[] { 0x9000_0000, 0x9001_0040, 0x9002_0000 }.Select(memory.Read64));
    }

    [Fact]
    public void Sixteen_kilobyte_pages_where_the_SMMU_has_no_others()
    {
        using var bench = new DriverBench(hardware: new ArmSmmuOptions { Id0 = new ArmSmmuOptions().Id0 | 3u << 24, Id1 = DriverBench.Id1, Id2 = 0x2555 });
        var domain = bench.Attached();
        bench.Map(domain, 0x0400_4000, 0x8800_8000, 0x4000);
        var leaf = bench.Memory.Read64(bench.Memory.Read64(bench.Memory.Read64(bench.Memory.Read64(0x8000_0000) & ~3ul) & ~3ul) & ~3ul);
        Assert.Equal(0ul, leaf);
        Assert.Equal(0x8800_9234ul, bench.Lands(0x0400_5234));
        Assert.Equal(0x8800_8000ul, domain.PageTable!.Lookup(0x0400_4000));
    }

    [Fact]
    public void The_context_bank_of_a_stage_1_domain_is_written_in_the_kernels_order()
    {
        using var bench = new DriverBench(hardware: FortyBitOutput);
        bench.Probed(bench.Device);
        var domain = bench.Driver.AllocateDomain(DomainType.Unmanaged);
        Assert.Equal(
            [
                (0x180C, 1), (0x100C, 0x1_F300), (0xB010, 0x3_8012), (0xB030, 0x80_3510), (0xB020, 0x0003_0000_8000_0000), (0xB028, 0x0003_0000_0000_0000),
                (0xB038, 0xF404_FF44), (0xB03C, 0xFFFF_FFFF), (0xB000, 0x1067), (0xC00, 3),
            ],
            bench.Writes(bench.Driver.Attach(domain, bench.Device)));
        bench.Map(domain, 0x1000_0000, 0x89AB_C000);
        Assert.Equal([(0xB620, 0x0003_0000_0001_0000), (0xB7F0, 0xFFFF_FFFF)], bench.Writes(((IIommuDriver)bench.Driver).Unmap(domain, 0x1000_0000, 0x1000)));
        Assert.Equal([(0xC00, 0x1_0000)], bench.Writes(bench.Driver.Attach(bench.Driver.AllocateDomain(DomainType.Identity), bench.Device)));
    }

    [Fact]
    public void A_fault_is_read_by_the_handler_and_cleared()
    {
        using var bench = new DriverBench();
        var domain = bench.Attached();
        bench.Map(domain, 0x1000_0000, 0x89AB_C000);
        (Iova Iova, DmaAccess Access)? told = null;
        bench.Driver.FaultHandler = (_, iova, access) => told = (iova, access);
        Assert.Null(bench.Lands(0x1000_2000));
        Assert.Equal((0x2u, 0x1000_2000ul, 0x13u, 0x42u), ((uint)bench.Read(0xB058), bench.Read(0xB060, 8), (uint)bench.Read(0xB068), (uint)bench.Read(0x140C)));
        Assert.Equal(1, bench.Run(bench.Driver.HandleInterrupt()));
        Assert.Equal((new Iova(0x1000_2000), DmaAccess.Write), told);
        Assert.Equal(0u, bench.Read(0xB058));
        Assert.Equal(0, bench.Run(bench.Driver.HandleInterrupt()));
    }

    private static ArmLpaeConfig Config(ArmLpaeFormat format, int inputBits, int outputBits, ulong pages) => new()
    {
        Format = format,
        InputBits = inputBits,
        OutputBits = outputBits,
        PageSizeBitmap = pages,
    };
}
