using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Omap;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Omap;

public sealed class WorkedExampleTests
{
    [Theory]
    [InlineData(0x60012000, 0x9c034000, 0x1000, 0x9a004048, 1, 0x9c034002)]
    [InlineData(0x60020000, 0x9c050000, 0x10000, 0x9a004080, 16, 0x9c050001)]
    [InlineData(0x95800000, 0xbf300000, 0x100000, 0x9a002560, 1, 0xbf300002)]
    [InlineData(0xa1000000, 0xb2000000, 0x1000000, 0x9a002840, 16, 0xb2040002)]
    public void Each_page_size_has_its_words_and_is_walked_back(uint iova, uint physical, uint size, ulong entry, int copies, uint word)
    {
        using var rig = OmapRig.Of("tlb32");
        var domain = rig.Domain();
        rig.Run(rig.Driver.Attach(domain, rig.Device));

        Assert.Equal(0, rig.Map(domain, iova, physical, size));

        Assert.Equal([OmapRig.Root], domain.Tables!.Roots);
        if (size < 0x100000)
            Assert.Equal(0x9a004001u, rig.Memory.Read32(0x9a001800));
        for (var i = 0; i < copies; i++)
            Assert.Equal(word, rig.Memory.Read32(entry + (4 * (ulong)i)));
        Assert.Equal(0u, rig.Memory.Read32(entry + (4 * (ulong)copies)));
        Assert.Equal(physical + size - 4, rig.Dma(iova + size - 4));
        Assert.Equal(physical + 0x124, domain.Tables.Lookup(iova + 0x124));
        Assert.Null(domain.Tables.Lookup(iova + size));
    }

    [Theory]
    [MemberData(nameof(OmapRig.Cases), MemberType = typeof(OmapRig))]
    public void An_attach_enables_the_MMU_and_keeps_the_other_bits_of_CNTL(string variant, KernelVersion kernel)
    {
        using var rig = OmapRig.Of(variant, kernel);
        rig.Write(OmapRegisters.Control, 0x109);
        rig.Write(OmapRegisters.Lock, 0x420);

        Assert.Equal(0, rig.Run(rig.Driver.Attach(rig.Domain(), rig.Device)));

        for (var unit = 0; unit < rig.Units.Length; unit++)
        {
            Assert.Equal(OmapRig.Root + ((ulong)unit * 0x4000), rig.Read(OmapRegisters.TableBase, unit));
            Assert.Equal(0x1eu, rig.Read(OmapRegisters.IrqEnable, unit));
            Assert.Equal(unit == 0 ? 0x107u : 6, rig.Read(OmapRegisters.Control, unit));
            Assert.Equal(0u, rig.Read(OmapRegisters.Lock, unit));
            Assert.Equal(rig.Hardware.BusErrorBack ? 1u : 0, rig.Read(OmapRegisters.GeneralPurpose, unit));
        }

        if (rig.System != null)
            Assert.Equal(0x11u, rig.System.Registers.Read(OmapRegisters.DspMmuConfig, 4));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void A_fault_is_acknowledged_and_then_silenced(KernelVersion kernel)
    {
        using var rig = OmapRig.Of("tlb32", kernel);
        rig.Attached();

        Assert.Null(rig.Dma(OmapRig.Unmapped));

        Assert.Equal(2u, rig.Read(OmapRegisters.IrqStatus));
        Assert.Equal((uint)OmapRig.Unmapped, rig.Read(OmapRegisters.FaultAddress));
        var writes = new List<(ulong, ulong)>();
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt(), step =>
        {
            if (step.Kind == DriverStepKind.WriteRegister)
                writes.Add((step.Address, step.Value));
        }));
        Assert.Equal([(OmapRegisters.IrqStatus, 2UL), (OmapRegisters.IrqEnable, 0UL)], writes);
        Assert.Equal(6u, rig.Read(OmapRegisters.Control));

        Assert.Null(rig.Dma(OmapRig.Unmapped));
        Assert.False(rig.Mmu.InterruptAsserted);
    }

    [Theory]
    [MemberData(nameof(OmapRig.Cases), MemberType = typeof(OmapRig))]
    public void A_detached_device_reaches_memory_untranslated_and_nothing_is_recorded(string variant, KernelVersion kernel)
    {
        using var rig = OmapRig.Of(variant, kernel);
        var domain = rig.Attached();

        rig.Run(rig.Driver.Detach(domain, rig.Device));

        for (var unit = 0; unit < rig.Units.Length; unit++)
        {
            Assert.Equal(0u, rig.Read(OmapRegisters.Control, unit) & OmapRegisters.ControlMask);
            Assert.Equal(OmapRig.Unmapped, rig.Dma(OmapRig.Unmapped, unit, DmaAccess.Write));
            Assert.Equal(0, rig.Units[unit].Faults.Total);
        }

        if (rig.System != null)
            Assert.Equal(0u, rig.System.Registers.Read(OmapRegisters.DspMmuConfig, 4));
    }

    [Fact]
    public void A_map_looks_at_every_TLB_entry_by_its_number()
    {
        using var rig = OmapRig.Of("tlb32");
        var domain = rig.Domain();
        rig.Run(rig.Driver.Attach(domain, rig.Device));
        var locks = new List<ulong>();
        rig.Mmu.Registers.Observer = operation => locks.AddRange(operation is { IsWrite: true, Offset: OmapRegisters.Lock } ? [operation.Value] : []);

        rig.Map(domain, OmapRig.Page, OmapRig.Frame, 0x1000);

        Assert.Equal(Enumerable.Range(0, 32).Select(i => (ulong)i << 4), locks);
        Assert.Equal(0x1f0u, rig.Read(OmapRegisters.Lock));
    }

    [Fact]
    public void Protection_is_ignored()
    {
        using var rig = OmapRig.Of("tlb8");
        var domain = rig.Attached();

        Assert.Equal(0, rig.Run(rig.Driver.Map(domain, 0x7000_0000, OmapRig.Frame, 0x1000, Protection.Read)));

        Assert.Equal(OmapRig.Frame, rig.Dma(0x7000_0000, access: DmaAccess.Write));
    }

    [Fact]
    public void The_registers_say_what_they_are()
    {
        using var rig = OmapRig.Of("tlb8");

        Assert.Equal(0x21u, rig.Read(OmapRegisters.Revision));
        Assert.All(rig.Mmu.Registers.Registers, register => Assert.NotEqual("", register.Fields));
        rig.Write(OmapRegisters.Revision, 0xff);
        Assert.Equal(0x21u, rig.Read(OmapRegisters.Revision));
        Assert.Equal(0u, rig.Read(OmapRegisters.WalkingStatus));
        Assert.Equal(0u, rig.Read(OmapRegisters.EmulatorFaultAddress));
    }
}
