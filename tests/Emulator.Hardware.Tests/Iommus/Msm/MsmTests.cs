using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Msm;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Msm;

public sealed class MsmTests
{
    private const Protection ReadWrite = Protection.Read | Protection.Write;

    [Theory]
    [InlineData(0x10203000, 0x80504000, 0x1000, ReadWrite, 0x80504c72)]
    [InlineData(0x10210000, 0x80600000, 0x10000, Protection.Read, 0x80601e31)]
    [InlineData(0x10205000, 0x12340000, 0x1000, ReadWrite | Protection.Mmio, 0x12340c36)]
    [InlineData(0x10206000, 0x80700000, 0x1000, Protection.Write, 0x80700c72)]
    public void Small_and_large_pages_are_words_of_the_second_level(ulong iova, ulong page, ulong size, Protection protection, uint word)
    {
        using var rig = new MsmRig();
        Assert.Equal(0, rig.Map(rig.Attached(0x8888_8000), iova + (iova == MsmRig.Iova ? 0x10_0000UL : 0), page, size, protection));
        iova += iova == MsmRig.Iova ? 0x10_0000UL : 0;
        Assert.Equal(1u, rig.Memory.Read32(rig.Table + ((iova >> 20) * 4)) & 0x3ff);
        for (var offset = 0UL; offset < size; offset += 0x1000)
            Assert.Equal(word, rig.Memory.Read32(rig.Second(iova) + (((iova + offset) >> 12 & 0xff) * 4)));
        Assert.Equal(page + 0x123, rig.Dma(iova + 0x123));
    }

    [Theory]
    [InlineData(0x20300000, 0x90400000, 0x100000, ReadWrite | Protection.Cache, 0x90431c0e)]
    [InlineData(0x31000000, 0xa2000000, 0x1000000, ReadWrite, 0xa2071c02)]
    public void Sections_and_supersections_are_words_of_the_first_level(ulong iova, ulong page, ulong size, Protection protection, uint word)
    {
        using var rig = new MsmRig();
        Assert.Equal(0, rig.Map(rig.Attached(), iova, page, size, protection));
        for (var offset = 0UL; offset < size; offset += 0x10_0000)
            Assert.Equal(word, rig.Memory.Read32(rig.Table + (((iova + offset) >> 20) * 4)));
        Assert.Equal(page + size - 4, rig.Dma(iova + size - 4, DmaAccess.Write));
    }

    [Fact]
    public void The_attach_routes_each_stream_to_the_lowest_bank_and_turns_it_on()
    {
        using var rig = new MsmRig();
        Assert.Equal(MsmRig.Iova, rig.Dma());
        rig.Attached();
        Assert.Equal(7UL, rig.Read(MsmRegisters.SystemControl));
        Assert.Equal(0x37072UL, rig.Read(MsmRegisters.AuxiliaryControl));
        Assert.Equal(1UL, rig.Read(MsmRegisters.BufferControl));
        Assert.Equal(2UL, rig.Read(MsmRegisters.TableBase0) & 0x3fff);
        Assert.Equal(0x800b_8204UL, rig.Read(MsmRegisters.PrimaryRegionRemap));
        Assert.Equal(0x4000_4000UL, rig.Read(MsmRegisters.NormalMemoryRemap));
        Assert.Equal(0x00c0_0000UL, rig.Read(MsmRegisters.StreamToBank + 4));
        Assert.Equal(0x00c0_0000UL, rig.Read(MsmRegisters.StreamToBank + 16));
        Assert.Equal(MsmRig.PageA, rig.Dma(stream: 1));
        Assert.Equal(MsmRig.PageA, rig.Dma(stream: 4));
        Assert.Equal(MsmRig.Iova, rig.Dma(unit: 1));
    }

    [Fact]
    public void A_fault_is_recorded_in_its_bank_and_acknowledged()
    {
        using var rig = new MsmRig();
        rig.Attached();
        Assert.Null(rig.Dma(0x1020_4abc, DmaAccess.Write, stream: 4));
        Assert.Equal(0x4001_0002UL, rig.Read(MsmRegisters.FaultStatus));
        Assert.Equal(0x1020_4abcUL, rig.Read(MsmRegisters.FaultAddress));
        Assert.Equal(4UL, rig.Read(MsmRegisters.FaultSyndrome0));
        Assert.Equal(0x100UL, rig.Read(MsmRegisters.FaultSyndrome1));
        Assert.True(rig.Units[0].InterruptAsserted);
        Assert.False(rig.Units[1].InterruptAsserted);

        Assert.Null(rig.Dma(0x1020_5000));
        Assert.Equal(0xc001_0002UL, rig.Read(MsmRegisters.FaultStatus));
        Assert.Equal(0x1020_4abcUL, rig.Read(MsmRegisters.FaultAddress));
        Assert.Equal(1, rig.Units[0].UnrecordedFaults);

        var written = new List<DriverStep>();
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt(), step =>
        {
            if (step.Kind == DriverStepKind.WriteRegister)
                written.Add(step);
        }));
        Assert.Equal(0x4000_000fUL, Assert.Single(written).Value);
        Assert.Equal(0UL, rig.Read(MsmRegisters.FaultStatus));
        Assert.False(rig.Units[0].InterruptAsserted);
    }

    [Fact]
    public void A_bank_that_does_not_stall_records_no_stall()
    {
        using var rig = new MsmRig();
        rig.Attached();
        rig.Write(MsmRegisters.AuxiliaryControl, 0x37072 & ~MsmRegisters.StallOnFault);
        Assert.Null(rig.Dma(0x1020_4abc));
        Assert.Equal(0x0001_0002UL, rig.Read(MsmRegisters.FaultStatus));
    }

    [Theory]
    [InlineData(0x50000000UL, 0u, 0x4000_0002UL)]
    [InlineData(0x10204000UL, 0x80504c62u, 0x4001_0004UL)]
    [InlineData(0x10204000UL, 0x80504e72u, 0x4001_0008UL)]
    public void Each_fault_has_its_bit(ulong iova, uint word, ulong status)
    {
        using var rig = new MsmRig();
        rig.Attached();
        if (word != 0)
            rig.Memory.Write32(rig.Second(iova) + ((iova >> 12 & 0xff) * 4), word);
        Assert.Null(rig.Dma(iova, DmaAccess.Write));
        Assert.Equal(status, rig.Read(MsmRegisters.FaultStatus));
    }

    [Fact]
    public void A_table_that_is_no_memory_is_a_fault_that_the_handler_does_not_clear()
    {
        using var rig = new MsmRig();
        rig.Attached();
        rig.Memory.Write32(rig.Table + (0x600 * 4), 0xf000_0001);
        Assert.Null(rig.Dma(0x6000_0000));
        Assert.Equal(0x4001_0020UL, rig.Read(MsmRegisters.FaultStatus));
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt()));
        Assert.Equal(0x20UL, rig.Read(MsmRegisters.FaultStatus) & 0xff);
        Assert.True(rig.Units[0].InterruptAsserted);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void The_detach_frees_the_tables_before_the_bank_is_turned_off(KernelVersion kernel)
    {
        using var rig = new MsmRig(kernel);
        var domain = rig.Attached();
        var landed = new List<ulong?>();
        var number = 0;
        foreach (var step in rig.Driver.Detach(domain, MsmRig.Device))
        {
            // The tables went with the second step: whoever allocates next has them.
            if (number++ == 1)
                rig.Attached(MsmRig.PageB, MsmRig.Other);
            landed.Add(rig.Dma());
            rig.Bus.Perform(step);
        }

        var off = landed.IndexOf(MsmRig.Iova);
        Assert.Equal(MsmRig.PageA, landed[0]);
        Assert.All(landed[1..off], address => Assert.Equal(MsmRig.PageB, address));
        Assert.All(landed[off..], address => Assert.Equal(MsmRig.Iova, address));
        Assert.Equal(MsmRig.Iova, rig.Dma(access: DmaAccess.Write));
        Assert.Equal(0x00c0_0000UL, rig.Read(MsmRegisters.StreamToBank + 4));
        Assert.Equal(0, rig.Units[0].Faults.Take(new FaultRecord[1]));
    }

    [Fact]
    public void After_a_detach_the_next_attach_gets_bank_0_again()
    {
        using var rig = new MsmRig();
        rig.Run(rig.Driver.Detach(rig.Attached(), MsmRig.Device));
        rig.Attached(MsmRig.PageB);
        Assert.Equal(1UL, rig.Read(MsmRegisters.SystemControl) & 1);
        Assert.Equal(0UL, rig.Read(MsmRegisters.SystemControl, bank: 1));
        Assert.Equal(MsmRig.PageB, rig.Dma());
    }

    [Fact]
    public void Without_a_detach_the_second_attach_takes_bank_1_and_the_third_is_refused()
    {
        using var rig = new MsmRig();
        rig.Attached();
        rig.Attached(MsmRig.PageB);
        Assert.Equal(0x00c0_0100UL, rig.Read(MsmRegisters.StreamToBank + 4));
        Assert.Equal(MsmRig.PageB, rig.Dma());
        Assert.Equal(-(long)Errno.EEXIST, rig.Run(rig.Driver.Attach(rig.Driver.AllocateDomain(DomainType.Unmanaged), MsmRig.Device)));
        Assert.Equal(MsmRig.PageB, rig.Dma());
    }

    [Fact]
    public void Without_a_free_bank_the_attach_is_refused()
    {
        using var rig = new MsmRig(banks: 1);
        rig.Attached();
        Assert.Equal(-(long)Errno.ENODEV, rig.Run(rig.Driver.Attach(rig.Driver.AllocateDomain(DomainType.Unmanaged), MsmRig.Device)));
    }

    [Fact]
    public void A_second_master_of_an_instance_has_no_place()
    {
        using var rig = new MsmRig();
        Assert.Equal(-(long)Errno.ENODEV, rig.Run(rig.Driver.ProbeDevice(new DmaDevice("third", [new StreamBinding(0, new StreamId(7))]))));
    }

    [Fact]
    public void An_unmapped_page_is_gone_with_its_address_invalidation()
    {
        using var rig = new MsmRig();
        var domain = rig.Attached();
        Assert.Equal(MsmRig.PageA, rig.Dma());
        var invalidated = new List<ulong>();
        rig.Run(rig.Driver.Unmap(domain, MsmRig.Iova, 0x1000), step =>
        {
            if (step.Kind == DriverStepKind.WriteRegister && step.Address == MsmRegisters.InvalidateAddress)
                invalidated.Add(step.Value);
        });
        Assert.Equal([MsmRig.Iova], invalidated);
        Assert.Null(rig.Dma());
    }

    [Theory]
    [InlineData(0x10203abcUL, 0x80504abcL)]
    [InlineData(0x10204abcUL, 0L)]
    public void The_hardware_looks_addresses_up(ulong iova, long address)
    {
        using var rig = new MsmRig();
        var domain = rig.Attached();
        Assert.Equal(address, rig.Run(rig.Driver.Lookup(domain, iova)));
    }

    [Fact]
    public void Only_6_12_has_identity_and_nobody_has_blocking()
    {
        using var old = new MsmRig();
        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => old.Driver.AllocateDomain(DomainType.Identity)).Errno);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => old.Driver.Block(MsmRig.Device)).Errno);
        using var young = new MsmRig(KernelVersion.Linux612);
        var identity = young.Driver.AllocateDomain(DomainType.Identity);
        Assert.Empty(young.Driver.Attach(identity, MsmRig.Device));
        young.Attached();
        Assert.Equal(0, young.Run(young.Driver.Attach(identity, MsmRig.Device)));
        Assert.Equal(MsmRig.Iova, young.Dma());
        Assert.Throws<DriverException>(() => young.Driver.AllocateDomain(DomainType.Blocked));
    }

    [Fact]
    public void Bad_sizes_and_streams_are_refused()
    {
        using var rig = new MsmRig();
        Assert.Throws<ArgumentException>(() => new MsmIommu("iommu", rig.Memory, new MsmOptions { Banks = 0 }));
        Assert.Throws<ArgumentException>(() => new MsmIommu("iommu", rig.Memory, new MsmOptions { Banks = 129 }));
        Assert.Null(rig.Dma(stream: MsmRegisters.Streams));
        rig.Write(MsmRegisters.StreamToBank + 4, 3UL << MsmRegisters.BankShift);
        Assert.Null(rig.Dma());
        Assert.Equal(-(long)Errno.EINVAL, rig.Map(rig.Driver.AllocateDomain(DomainType.Unmanaged), MsmRig.Iova, MsmRig.PageA, 0x1000));
    }

    [Fact]
    public void Translate_allocates_nothing()
    {
        using var rig = new MsmRig();
        rig.Attached();
        var requests = Enumerable.Range(0, 256).Select(i => new DmaRequest(new StreamId(1), new Iova(MsmRig.Iova + ((ulong)i << 5)), DmaAccess.Write)).ToArray();
        var completions = new DmaCompletion[256];
        rig.Units[0].Translate(requests, completions);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            rig.Units[0].Translate(requests, completions);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
