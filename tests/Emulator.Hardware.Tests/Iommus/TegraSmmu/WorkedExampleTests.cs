using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.TegraSmmu;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.TegraSmmu;

/// <summary>Table words and register writes worked out by hand from the register descriptions.</summary>
public sealed class WorkedExampleTests : IDisposable
{
    private readonly PhysicalMemory _memory = new();
    private readonly ListedFrames _frames = new();

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void Tegra30_maps_a_page_for_reading_and_writing()
    {
        var (smmu, driver, bus) = Make(TegraSmmuHardware.Tegra30);
        UseUpAsids(driver, bus, 1);
        var (domain, prepare) = Attach(driver, bus, 0x1000_0000);
        _frames.Next(0x1000_1000);

        var map = Trace(bus, driver.Map(domain, 0x8000_1000, 0x1234_5000, 0x1000, Protection.Read | Protection.Write));

        Assert.Equal(["w 34 10000001", "w 30 a0000000", "w 1c 1", "w 20 e0010000", "r 1c"], prepare.Take(5));
        Assert.Equal(["w 34 10000801", "w 30 a0080002", "r 1c", "w 34 10001001", "w 30 a0080003", "r 1c"], map);
        Assert.Equal(0xF001_0001, _memory.Read32(0x1000_0800));
        Assert.Equal(0xE001_2345, _memory.Read32(0x1000_1004));
        Assert.Equal(0x1234_5678UL, Dma(smmu, 0x8000_1678, DmaAccess.Write));
    }

    [Fact]
    public void Tegra124_maps_the_last_page_beyond_four_GiB_for_reading()
    {
        var (smmu, driver, bus) = Make(TegraSmmuHardware.Tegra124);
        UseUpAsids(driver, bus, 5);
        var (domain, prepare) = Attach(driver, bus, 0x2_FFFE_0000);
        _frames.Next(0x1_8000_4000);

        var map = Trace(bus, driver.Map(domain, 0xFFFF_F000, 0x3_C056_7000, 0x1000, Protection.Read));

        Assert.Equal(["w 9b8 2", "w 34 fffe0001", "w 30 85000000", "w 1c 5", "w 20 e02fffe0", "r 1c"], prepare.Take(6));
        Assert.Equal(["w 9b8 2", "w 34 fffe0fe1", "w 30 850ffc02", "r 1c", "w 9b8 1", "w 34 80004fe1", "w 30 850fffff", "r 1c"], map);
        Assert.Equal(0xF018_0004, _memory.Read32(0x2_FFFE_0FFC));
        Assert.Equal(0xA03C_0567, _memory.Read32(0x1_8000_4FFC));
        Assert.Equal(0x3_C056_7004UL, Dma(smmu, 0xFFFF_F004, DmaAccess.Read));
        Assert.Null(Dma(smmu, 0xFFFF_F004, DmaAccess.Write));
    }

    [Fact]
    public void Tegra124_with_the_last_ASID_maps_for_writing_and_records_a_fault_beside_the_page()
    {
        var (smmu, driver, bus) = Make(TegraSmmuHardware.Tegra124);
        UseUpAsids(driver, bus, 127);
        var (domain, _) = Attach(driver, bus, 0x1_8000_0000);
        _frames.Next(0x1_8000_1000);

        var map = Trace(bus, driver.Map(domain, 0x0040_5000, 0xAB00_0000, 0x1000, Protection.Write));

        Assert.Equal(127, domain.Asid);
        Assert.Equal(["w 9b8 1", "w 34 80000001", "w 30 ff000402", "r 1c", "w 9b8 1", "w 34 80001001", "w 30 ff000407", "r 1c"], map);
        Assert.Equal(0xF018_0001, _memory.Read32(0x1_8000_0004));
        Assert.Equal(0x600A_B000u, _memory.Read32(0x1_8000_1014));

        Assert.Equal(0xAB00_0000UL, Dma(smmu, 0x0040_5000, DmaAccess.Write));
        Assert.Null(Dma(smmu, 0x0040_6000, DmaAccess.Write));
        Assert.Equal(1u << 10, smmu.Registers.Read(TegraSmmuRegisters.InterruptStatus, 4));
        Assert.Equal(0x6001_0001u, smmu.Registers.Read(TegraSmmuRegisters.ErrorStatus, 4));
        Assert.Equal(0x0040_6000u, smmu.Registers.Read(TegraSmmuRegisters.ErrorAddress, 4));
    }

    [Theory]
    [InlineData("tegra30", 0x2000003f, 0x20000010)]
    [InlineData("tegra114", 0x2000003f, 0x20000020)]
    [InlineData("tegra124", 0x2800003f, 0x30000020)]
    [InlineData("tegra210", 0x2800003f, 0x30000030)]
    public void Bring_up_configures_and_empties_both_caches_before_it_enables(string variant, uint ptc, uint tlb)
    {
        using var rig = SmmuRig.Of(variant);

        Assert.Equal([$"w 18 {ptc:x}", $"w 14 {tlb:x}", "w 34 0", "w 30 0", "w 10 1", "r 1c"], rig.Trace(rig.Driver.ProbeSmmu()));
    }

    [Theory]
    [InlineData(16, 0x40u, 0x4fu)]
    [InlineData(32, 0x40u, 0x5fu)]
    [InlineData(64, 0x40u, 0x7fu)]
    public void A_page_table_flush_names_the_atom_and_drops_all_of_its_words(int atomBytes, uint first, uint last)
    {
        var cache = new TegraSmmuPageTableCache(_memory, atomBytes, 64);
        for (var address = 0u; address < 0x100; address += 4)
            Assert.True(cache.TryRead(address, out _));
        for (var address = 0u; address < 0x100; address += 4)
            _memory.Write32(address, 1);

        cache.Flush(first + 4);

        for (var address = 0u; address < 0x100; address += 4)
        {
            Assert.True(cache.TryRead(address, out var word));
            Assert.Equal(address >= first && address <= last ? 1u : 0u, word);
        }
    }

    private static IReadOnlyList<string> Trace(Bus bus, IEnumerable<DriverStep> sequence)
    {
        var trace = new List<string>();
        Assert.Equal(0, bus.Run(sequence, step => trace.Add(step.Kind == DriverStepKind.WriteRegister ? $"w {step.Address:x} {step.Value:x}" : $"r {step.Address:x}")));
        return trace;
    }

    private static ulong? Dma(TegraSmmuIommu smmu, ulong iova, DmaAccess access)
    {
        var completion = new DmaCompletion[1];
        smmu.Translate([new DmaRequest(new StreamId(SmmuRig.Display), new Iova(iova), access)], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }

    // Each domain that another one replaces keeps its ASID.
    private static void UseUpAsids(TegraSmmuDriver driver, Bus bus, int count)
    {
        for (var i = 0; i < count; i++)
            Assert.Equal(0, bus.Run(driver.Attach(driver.AllocateDomain(DomainType.Unmanaged), SmmuRig.DisplayDevice)));
    }

    private (TegraSmmuIommu Smmu, TegraSmmuDriver Driver, Bus Bus) Make(TegraSmmuHardware hardware)
    {
        var smmu = new TegraSmmuIommu("smmu", _memory, hardware, new TegraSmmuOptions());
        var driver = new TegraSmmuDriver(KernelVersion.Linux61, hardware, _memory, _frames);
        var bus = new Bus(_memory, smmu);
        Assert.Equal(0, bus.Run(driver.Probe()));
        return (smmu, driver, bus);
    }

    private (TegraSmmuDomain Domain, IReadOnlyList<string> Prepare) Attach(TegraSmmuDriver driver, Bus bus, ulong directory)
    {
        _frames.Next(directory);
        var domain = (TegraSmmuDomain)driver.AllocateDomain(DomainType.Unmanaged);
        return (domain, Trace(bus, driver.Attach(domain, SmmuRig.DisplayDevice)));
    }
}
