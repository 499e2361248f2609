using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.TegraSmmu;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.TegraSmmu;

public sealed class FaultTests
{
    private const ulong InOtherSection = SmmuRig.MappedIova + (1UL << 22);
    private const ulong InSameSection = SmmuRig.MappedIova + 0x1000;

    [Theory]
    [InlineData("no directory", 0u)]
    [InlineData("no table", 0u)]
    [InlineData("no entry", 0u)]
    [InlineData("write to a readable page", 5u << 25)]
    [InlineData("read of a writable page", 3u << 25)]
    [InlineData("page without rights", 1u << 25)]
    [InlineData("directory that is not writable", 5u << 25)]
    [InlineData("directory entry that is not writable", 5u << 25)]
    public void Without_a_translation_that_allows_the_access_the_record_has_type_6_and_the_attributes_found(string cause, uint attributes)
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Attached(protection: cause switch
        {
            "write to a readable page" => Protection.Read,
            "read of a writable page" => Protection.Write,
            "page without rights" => Protection.None,
            _ => Protection.Read | Protection.Write,
        });
        var base0 = (uint)(domain.Tables!.Directory >> 12) | TegraSmmuEntry.TableAttributes;
        rig.Write(TegraSmmuRegisters.PtbData, cause switch { "no directory" => 0, "directory that is not writable" => base0 & ~TegraSmmuEntry.Writable, _ => base0 });
        var section = domain.Tables.Directory + (4 * (SmmuRig.MappedIova >> 22));
        if (cause == "directory entry that is not writable")
            rig.Memory.Write32(section, rig.Memory.Read32(section) & ~TegraSmmuEntry.Writable);
        var (iova, access, reason) = cause switch
        {
            "no directory" => (SmmuRig.MappedIova, DmaAccess.Write, FaultReason.NotPresent),
            "no table" => (InOtherSection, DmaAccess.Write, FaultReason.NotPresent),
            "no entry" => (InSameSection, DmaAccess.Write, FaultReason.NotPresent),
            "read of a writable page" => (SmmuRig.MappedIova, DmaAccess.Read, FaultReason.PermissionDenied),
            _ => (SmmuRig.MappedIova, DmaAccess.Write, FaultReason.PermissionDenied),
        };

        Assert.Null(rig.Dma(iova, access));

        Assert.True(rig.Smmu.InterruptAsserted);
        Assert.Equal(TegraSmmuRegisters.InvalidPage, rig.Read(TegraSmmuRegisters.InterruptStatus));
        Assert.Equal(0x6000_0001u | attributes | (access == DmaAccess.Write ? 1u << 16 : 0), rig.Read(TegraSmmuRegisters.ErrorStatus));
        Assert.Equal((uint)iova, rig.Read(TegraSmmuRegisters.ErrorAddress));
        Assert.Equal(new FaultRecord(new StreamId(SmmuRig.Display), new Iova(iova), access, reason, 6), rig.TakeFault());
    }

    [Fact]
    public void A_page_that_is_cached_is_refused_with_the_same_record()
    {
        using var rig = SmmuRig.Of("tegra124");
        rig.Attached(protection: Protection.Read);
        Assert.Equal(SmmuRig.PageA, rig.Dma());

        Assert.Null(rig.Dma(access: DmaAccess.Write));

        Assert.Equal(0x6000_0001u | (5u << 25) | (1u << 16), rig.Read(TegraSmmuRegisters.ErrorStatus));
    }

    [Theory]
    [InlineData("the DMA's address", SmmuRig.NoMemory, FaultReason.AddressSize)]
    [InlineData("the page", SmmuRig.MappedIova, FaultReason.AddressSize)]
    [InlineData("the table", SmmuRig.MappedIova, FaultReason.TableReadAbort)]
    [InlineData("the directory", SmmuRig.MappedIova, FaultReason.TableReadAbort)]
    public void Where_there_is_no_memory_the_record_has_type_2(string where, ulong iova, FaultReason reason)
    {
        using var rig = SmmuRig.Of("tegra30");
        if (where != "the DMA's address")
        {
            var domain = rig.Attached(SmmuRig.NoMemory);
            if (where == "the table")
                rig.Memory.Write32(domain.Tables!.Directory + (4 * (SmmuRig.MappedIova >> 22)), (uint)(SmmuRig.NoMemory >> 12) | TegraSmmuEntry.TableAttributes | TegraSmmuEntry.Next);
            else if (where == "the directory")
                rig.Write(TegraSmmuRegisters.PtbData, (uint)(SmmuRig.NoMemory >> 12) | TegraSmmuEntry.TableAttributes);
        }

        Assert.Null(rig.Dma(iova));

        Assert.Equal(TegraSmmuRegisters.DecodeError, rig.Read(TegraSmmuRegisters.InterruptStatus));
        Assert.Equal(0x2000_0001u, rig.Read(TegraSmmuRegisters.ErrorStatus));
        Assert.Equal((uint)iova, rig.Read(TegraSmmuRegisters.ErrorAddress));
        Assert.Equal(new FaultRecord(new StreamId(SmmuRig.Display), new Iova(iova), DmaAccess.Read, reason, 2), rig.TakeFault());
        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));
        Assert.False(rig.Smmu.InterruptAsserted);
    }

    [Theory]
    [InlineData("tegra30", 0u)]
    [InlineData("tegra124", 2u << 20)]
    public void The_record_has_room_for_34_bits_of_address_where_the_chip_has_them(string variant, uint high)
    {
        using var rig = SmmuRig.Of(variant);
        rig.Attached();

        Assert.Null(rig.Dma(0x2_8000_1000));

        Assert.Equal(0x6000_0001u | high, rig.Read(TegraSmmuRegisters.ErrorStatus));
        Assert.Equal(0x8000_1000u, rig.Read(TegraSmmuRegisters.ErrorAddress));
        Assert.Equal(FaultReason.AddressSize, rig.TakeFault().Reason);
    }

    [Fact]
    public void Tegra210_records_eight_bits_of_client()
    {
        using var rig = SmmuRig.Of("tegra210");
        rig.Attached(device: SmmuRig.DeviceOf("etr", 0x84));

        Assert.Null(rig.Dma(InSameSection, client: 0x84));

        Assert.Equal(0x6000_0084u, rig.Read(TegraSmmuRegisters.ErrorStatus));
    }

    [Theory]
    [InlineData(true, InSameSection, 1)]
    [InlineData(false, InOtherSection, 2)]
    public void One_record_is_kept_until_the_interrupt_is_cleared(bool keepsFirst, ulong recorded, int logged)
    {
        using var rig = SmmuRig.Of("tegra30", options: new TegraSmmuOptions { KeepsFirstFault = keepsFirst });
        rig.Attached();
        rig.Dma(InSameSection);
        rig.Dma(InOtherSection);

        Assert.Equal((uint)recorded, rig.Read(TegraSmmuRegisters.ErrorAddress));
        Assert.Equal(logged, rig.Smmu.Faults.Total);
        Assert.Equal(2 - logged, rig.Smmu.UnrecordedFaults);
        rig.Run(rig.Driver.HandleInterrupt());
        rig.Dma(InOtherSection, DmaAccess.Write);
        Assert.Equal((uint)InOtherSection, rig.Read(TegraSmmuRegisters.ErrorAddress));
    }

    [Fact]
    public void The_handler_reads_the_record_for_each_pending_bit_and_clears()
    {
        using var rig = SmmuRig.Of("tegra30");
        rig.Attached();
        Assert.Equal(["r 0"], rig.Trace(rig.Driver.HandleInterrupt()));
        rig.Dma(InSameSection);
        rig.Dma(SmmuRig.NoMemory, client: SmmuRig.Audio);

        Assert.Equal(["r 0", "r 8", "r c", "r 8", "r c", "w 0 440"], rig.Trace(rig.Driver.HandleInterrupt()));

        Assert.False(rig.Smmu.InterruptAsserted);
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt()));
    }

    [Fact]
    public void A_masked_interrupt_is_recorded_and_not_raised()
    {
        using var rig = SmmuRig.Of("tegra30");
        rig.Attached();
        rig.Write(TegraSmmuRegisters.InterruptMask, 0);

        rig.Dma(InSameSection);

        Assert.Equal(TegraSmmuRegisters.InvalidPage, rig.Read(TegraSmmuRegisters.InterruptStatus));
        Assert.False(rig.Smmu.InterruptAsserted);
    }

    [Fact]
    public void A_directory_entry_without_NEXT_is_a_page_of_4_MiB()
    {
        using var rig = SmmuRig.Of("tegra30");
        var domain = rig.Attached();
        rig.Memory.Write32(domain.Tables!.Directory + 4, (0x3000_0000u >> 12) | TegraSmmuEntry.TableAttributes);

        Assert.Equal(0x3012_3456UL, rig.Dma(0x0052_3456));
        rig.Memory.Write32(domain.Tables.Directory + 4, 0);
        rig.Write(TegraSmmuRegisters.PtcFlush, 0);
        Assert.Equal(0x3000_0000UL, rig.Dma(0x0040_0000));
        rig.Write(TegraSmmuRegisters.TlbFlush, TegraSmmuRegisters.EncodeTlbFlush(rig.Hardware, domain.Asid, TegraSmmuRegisters.FlushGroup, 0x0072_0000));
        Assert.Null(rig.Dma(0x0040_0000));
        Assert.Equal(0x6000_0001u, rig.Read(TegraSmmuRegisters.ErrorStatus));
    }
}
