using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.AmdVi;

namespace Emulator.Hardware.Tests.Iommus.AmdVi;

public sealed class CacheTests
{
    private const ulong Iova = 0x5010;
    private const ulong First = 0x6000_0000_0090_0001;
    private const ulong Second = 0x6000_0000_00a0_0001;

    [Fact]
    public void A_changed_page_entry_is_seen_after_INVALIDATE_IOMMU_PAGES_of_its_domain_only()
    {
        using var silicon = new AmdViSilicon();
        silicon.MapPage5(First);
        Assert.Equal(0x900010UL, silicon.Dma(Iova).Address.Value);
        silicon.MapPage5(Second);

        silicon.Issue(AmdViCommand.InvalidatePages(2, 0, AmdViCommand.AllPages));
        silicon.Issue(AmdViCommand.InvalidatePages(1, 0x6000, 0x1000));
        Assert.Equal(0x900010UL, silicon.Dma(Iova).Address.Value);

        silicon.Issue(AmdViCommand.InvalidatePages(1, 0x5000, 0x1000));
        Assert.Equal(0xa00010UL, silicon.Dma(Iova).Address.Value);
    }

    [Fact]
    public void A_changed_device_table_entry_is_seen_after_INVALIDATE_DEVTAB_ENTRY_only()
    {
        using var silicon = new AmdViSilicon();
        silicon.MapPage5(First);
        silicon.Dma(Iova);
        silicon.SetDeviceEntry(3, 0);

        silicon.Issue(AmdViCommand.InvalidatePages(1, 0, AmdViCommand.AllPages));
        silicon.Issue(AmdViCommand.InvalidateDevice(AmdViSilicon.Device + 1));
        Assert.Equal(DmaStatus.Completed, silicon.Dma(Iova).Status);

        silicon.Issue(AmdViCommand.InvalidateDevice(AmdViSilicon.Device));
        Assert.Equal(DmaStatus.Aborted, silicon.Dma(Iova).Status);
    }

    [Fact]
    public void Two_devices_of_one_domain_share_pages_but_not_IR_and_IW()
    {
        using var silicon = new AmdViSilicon();
        silicon.MapPage5(First);
        var other = AmdViSilicon.DeviceTable + ((AmdViSilicon.Device + 1) * 32UL);
        silicon.Memory.Write64(other, AmdViSilicon.Tables | 0x2000_0000_0000_0603);
        silicon.Memory.Write64(other + 8, 1);
        silicon.Dma(Iova, DmaAccess.Write);

        Assert.Equal(0x900010UL, silicon.Dma(Iova, DmaAccess.Read, AmdViSilicon.Device + 1).Address.Value);
        Assert.Equal(DmaStatus.Aborted, silicon.Dma(Iova, DmaAccess.Write, AmdViSilicon.Device + 1).Status);
        Assert.Equal(1, silicon.Iommu.Iotlb.Count);
    }

    [Fact]
    public void INVALIDATE_ALL_drops_entries_and_pages()
    {
        using var silicon = new AmdViSilicon();
        silicon.MapPage5(First);
        silicon.Dma(Iova);
        silicon.SetDeviceEntry(3, 0);

        silicon.Issue(AmdViCommand.InvalidateEverything());

        Assert.Equal(0, silicon.Iommu.Iotlb.Count);
        Assert.Equal(DmaStatus.Aborted, silicon.Dma(Iova).Status);
    }

    [Fact]
    public void The_exclusion_range_passes_devices_with_EX_untranslated()
    {
        using var silicon = new AmdViSilicon();
        silicon.Write(AmdViRegisters.ExclusionBase, 0x5000 | 1);
        silicon.Write(AmdViRegisters.ExclusionLimit, 0x6000);
        silicon.MapPage5(First, 1 | (1UL << 39));

        Assert.Equal(Iova, silicon.Dma(Iova).Address.Value);
        Assert.Equal(0x6fffUL, silicon.Dma(0x6fff).Address.Value);
        Assert.Equal(DmaStatus.Aborted, silicon.Dma(0x7000).Status);

        silicon.MapPage5(First);
        silicon.Issue(AmdViCommand.InvalidateDevice(AmdViSilicon.Device));
        Assert.Equal(0x900010UL, silicon.Dma(Iova).Address.Value);
        silicon.Write(AmdViRegisters.ExclusionBase, 0x5000 | 3);
        Assert.Equal(Iova, silicon.Dma(Iova).Address.Value);
    }

    [Fact]
    public void The_interrupt_range_is_not_translated()
    {
        using var silicon = new AmdViSilicon();
        silicon.SetDeviceEntry(3, 0);

        Assert.Equal(0xfee01000UL, silicon.Dma(0xfee01000, DmaAccess.Write).Address.Value);
        Assert.Equal(DmaStatus.Aborted, silicon.Dma(0xfef00000, DmaAccess.Write).Status);
    }

    [Fact]
    public void PASIDs_are_translated_by_their_own_tables_and_dropped_with_GN_one_by_one()
    {
        using var silicon = new AmdViSilicon(control: AmdViSilicon.Bit(AmdViControl.GuestTranslation));
        const ulong Gcr3 = 0x200000;
        var (word0, word1) = AmdViDeviceTableEntry.EncodeGcr3(Gcr3);
        silicon.SetDeviceEntry(
            word0 | 3 | AmdViDeviceTableEntry.GuestValidBit | AmdViDeviceTableEntry.GuestIoBit | AmdViDeviceTableEntry.ReadBit | AmdViDeviceTableEntry.WriteBit, word1 | 9);
        MakeGuestTable(0, 0x300000, 0x900000);
        MakeGuestTable(3, 0x400000, 0xa00000);

        Assert.Equal(0x900010UL, silicon.Dma(Iova).Address.Value);
        Assert.Equal(0xa00010UL, silicon.Dma(WithPasid(3)).Address.Value);
        Assert.Equal(DmaStatus.Aborted, silicon.Dma(WithPasid(4)).Status);
        Assert.Equal(AmdViEventFlags.Guest | AmdViEventFlags.User, silicon.Events()[0].Flags);
        Assert.Equal(4, silicon.Events()[0].DomainId);

        silicon.Issue(AmdViCommand.InvalidatePages(9, 0, AmdViCommand.AllPages, guest: true));
        Assert.Equal(1, silicon.Iommu.Iotlb.Count);
        silicon.Issue(AmdViCommand.InvalidatePages(9, 0, AmdViCommand.AllPages));
        Assert.Equal(0, silicon.Iommu.Iotlb.Count);

        void MakeGuestTable(uint pasid, ulong root, ulong page)
        {
            silicon.Memory.Write64(Gcr3 + (pasid * 8), root | 1);
            for (var level = 0UL; level < 3; level++)
                silicon.Memory.Write64(root + (level << 12), (root + ((level + 1) << 12)) | 7);
            silicon.Memory.Write64(root + 0x3000 + (5 * 8), page | 7);
        }

        static DmaRequest WithPasid(uint pasid) =>
            new(new StreamId(AmdViSilicon.Device), new Iova(Iova), DmaAccess.Read) { Attributes = DmaAttributes.Pasid, Pasid = pasid };
    }

    [Theory]
    [InlineData(First)]
    [InlineData(0)]
    public void Translate_allocates_nothing(ulong leaf)
    {
        using var silicon = new AmdViSilicon();
        silicon.MapPage5(leaf);
        var requests = new DmaRequest[64];
        var completions = new DmaCompletion[64];
        for (var i = 0; i < requests.Length; i++)
            requests[i] = new DmaRequest(new StreamId(AmdViSilicon.Device), new Iova(0x5000 + ((ulong)i * 8)), DmaAccess.Read);
        silicon.Iommu.Translate(requests, completions);

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 20; i++)
                silicon.Iommu.Translate(requests, completions);
        }));
        Assert.Equal(leaf == 0 ? DmaStatus.Aborted : DmaStatus.Completed, completions[63].Status);
    }
}
