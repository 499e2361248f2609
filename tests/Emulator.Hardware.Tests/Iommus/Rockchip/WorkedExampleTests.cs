using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Rockchip;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Rockchip;

/// <summary>Words of tables and registers, worked out by hand.</summary>
public sealed class WorkedExampleTests
{
    [Theory]
    [InlineData("v1", 0x00c03000, 0x12345000, RockchipRig.ReadWrite, 3, 3, 0x12345007)]
    [InlineData("v1", 0x00c03000, 0x12345000, Protection.Read, 3, 3, 0x12345003)]
    [InlineData("v1", 0x00c03000, 0x12345000, Protection.Write, 3, 3, 0x12345005)]
    [InlineData("v1", 0x00c03000, 0x212345000, RockchipRig.ReadWrite, 3, 3, 0x12345007)]
    [InlineData("v2", 0xfffff000, 0x1234567000, RockchipRig.ReadWrite, 1023, 1023, 0x34567217)]
    [InlineData("v2", 0xfffff000, 0x1234567000, Protection.Read, 1023, 1023, 0x34567213)]
    [InlineData("v2", 0xfffff000, 0x1234567000, Protection.Write, 1023, 1023, 0x34567215)]
    [InlineData("v2", 0xfffff000, 0x1234567000, RockchipRig.ReadWrite | Protection.Cache, 1023, 1023, 0x34567217)]
    public void A_mapping_puts_this_leaf_there(string variant, ulong iova, ulong physical, Protection protection, uint first, uint second, uint leaf)
    {
        using var rig = new RockchipRig(variant, KernelVersion.Linux61);
        var domain = rig.Domain();

        Assert.Equal(0, rig.Map(domain, iova, physical, 0x1000, protection));

        var entry = rig.Memory.Read32(domain.Tables!.Directory + (first * 4));
        Assert.Equal(leaf, rig.Memory.Read32(rig.Hardware.DecodeAddress(entry) + (second * 4)));
    }

    [Fact]
    public void Sixteen_pages_are_sixteen_leaves()
    {
        using var rig = new RockchipRig("v1", KernelVersion.Linux61);
        var domain = rig.Domain();

        Assert.Equal(0, rig.Map(domain, 0x0040_0000, 0x2000_0000, 0x1_0000));

        var table = rig.Memory.Read32(domain.Tables!.Directory + 4) & ~1u;
        Assert.Equal(Enumerable.Range(0, 17).Select(i => i < 16 ? 0x20000007u + (0x1000u * (uint)i) : 0), Enumerable.Range(0, 17).Select(i => rig.Memory.Read32(table + (4 * (ulong)i))));
    }

    [Theory]
    [InlineData("v1", 0x40002000, 0x40002000u)]
    [InlineData("v2", 0x40002000, 0x40002000u)]
    [InlineData("v2", 0x1240002000, 0x40002210u)]
    public void A_directory_entry_points_to_its_table(string variant, ulong table, uint word)
    {
        var hardware = RockchipHardware.All.Single(hardware => hardware.Name == variant);
        using var memory = new PhysicalMemory();
        var tables = new RockchipPageTable(memory, new FrameAllocator(memory, table - 0x1000, 1 << 20, OwnerTag.Host), hardware);

        tables.Map(0, 0x1000, 0x1000, 1, Protection.Read, new InvalidationGather());

        Assert.Equal(word | RockchipHardware.Valid, memory.Read32(tables.Directory));
        Assert.Equal(table, hardware.DecodeAddress(word));
    }

    [Theory]
    [MemberData(nameof(RockchipRig.Cases), MemberType = typeof(RockchipRig))]
    public void Unmap_clears_the_valid_bit_only(string variant, KernelVersion kernel)
    {
        using var rig = new RockchipRig(variant, kernel);
        var domain = rig.Domain(RockchipRig.PageA);

        Assert.Equal(0x1000, rig.Run(rig.Driver.Unmap(domain, RockchipRig.Iova, 0x1000)));

        var table = rig.Hardware.DecodeAddress(rig.Memory.Read32(domain.Tables!.Directory + 12));
        Assert.Equal(0x12345006u, rig.Memory.Read32(table + 12));
        Assert.Null(domain.Tables.Lookup(RockchipRig.Iova));
        Assert.Equal(0, rig.Map(domain, RockchipRig.Iova, RockchipRig.PageB, 0x1000));
        Assert.Equal(RockchipRig.PageB + 0x123, domain.Tables.Lookup(RockchipRig.Iova + 0x123));
    }

    [Theory]
    [InlineData("v1", 0xcafeb000)]
    [InlineData("v2", 0xcafebab0)]
    public void The_low_bits_of_the_directory_register_are_not_stored(string variant, ulong stored)
    {
        using var rig = new RockchipRig(variant, KernelVersion.Linux61);

        rig.Bank.Registers.Write(RockchipRegisters.DirectoryAddress, 4, RockchipRegisters.DirectoryDummy);

        Assert.Equal(stored, rig.Read(RockchipRegisters.DirectoryAddress));
        Assert.Equal(0xcafeb000u, (uint)rig.Hardware.DecodeAddress(RockchipRegisters.DirectoryDummy));
    }
}
