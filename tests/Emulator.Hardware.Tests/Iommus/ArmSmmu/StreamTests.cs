using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.ArmSmmu;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmu;

/// <summary>Which way a stream goes: off, bypass, matching, indexing, the state of the bank.</summary>
public sealed class StreamTests
{
    [Fact]
    public void After_reset_everything_passes()
    {
        using var smmu = new SmmuBench();
        smmu.Write(R.Control, 1);
        smmu.Route(0x20000);
        Assert.Equal(0x1234ul, smmu.Lands(0x1234));
        Assert.Equal(0x1234ul, smmu.Lands(0x1234, sid: 9));
        Assert.Equal(1u, new ArmSmmuIommu("fresh", smmu.Memory, smmu.Options).Registers.Read(R.Control, 4));
    }

    [Fact]
    public void A_bypassed_stream_passes()
    {
        using var smmu = new SmmuBench();
        smmu.Route(0x10000);
        Assert.Equal(0xffff_ffff_f000ul, smmu.Lands(0xffff_ffff_f000));
    }

    [Fact]
    public void A_bank_that_is_off_passes_what_is_sent_to_it_even_with_its_pages_cached()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page));
        smmu.WriteBank(R.BankControl, 0);
        Assert.Equal(SmmuBench.Page, smmu.Lands(SmmuBench.Page));
        Assert.Equal(0x5000ul, smmu.Lands(0x5000));
        Assert.Equal(0, smmu.Silicon.Faults.Total);
    }

    [Fact]
    public void Mask_bits_are_not_compared()
    {
        using var smmu = new SmmuBench();
        smmu.Route(0x10000, sid: 0x100, mask: 0xff);
        Assert.NotNull(smmu.Lands(0x1000, sid: 0x1ff));
        Assert.Null(smmu.Lands(0x1000, sid: 0x200));
        Assert.Null(smmu.Lands(0x1000, sid: 0x8100));
        Assert.Null(smmu.Lands(0x1000, sid: 0x1_0100));
    }

    [Fact]
    public void An_entry_that_is_not_valid_matches_nothing()
    {
        using var smmu = new SmmuBench();
        smmu.Route(0x10000);
        Assert.NotNull(smmu.Lands(0x1000));
        smmu.Write(R.StreamMatch, SmmuBench.Sid);
        Assert.Null(smmu.Lands(0x1000));
        Assert.Equal(0x2u, smmu.Read(R.GlobalFaultStatus));
    }

    [Fact]
    public void Bits_of_ID_and_mask_that_do_not_exist_read_as_zero()
    {
        using var smmu = new SmmuBench();
        smmu.Write(R.StreamMatch, 0xffff_ffff);
        Assert.Equal(0xffff_7fffu, smmu.Read(R.StreamMatch));
        using var narrow = new SmmuBench(new ArmSmmuOptions { Id0 = 0x6800_0808 | 7u << 9, Id1 = 0x2003_0008 });
        narrow.Write(R.StreamMatch, 0xffff_ffff);
        Assert.Equal(0x807f_007fu, narrow.Read(R.StreamMatch));
    }

    [Fact]
    public void With_extended_IDs_validity_is_in_the_S2CR_and_IDs_have_16_bits()
    {
        using var smmu = new SmmuBench(new ArmSmmuOptions { Id0 = new ArmSmmuOptions().Id0 | 1u << 8, Id1 = 0x2003_0008 });
        smmu.Write(R.Control, SmmuBench.On | 8);
        smmu.Write(R.StreamMatch, 0x8000_1234);
        smmu.Write(R.StreamToContext, 0x10000);
        Assert.Null(smmu.Lands(0x1000, sid: 0x1234));
        smmu.Write(R.StreamToContext, 0x10400);
        Assert.NotNull(smmu.Lands(0x1000, sid: 0x1234));
        Assert.NotNull(smmu.Lands(0x1000, sid: 0x9234));
    }

    [Fact]
    public void Without_matching_the_StreamID_is_the_index()
    {
        using var smmu = new SmmuBench(new ArmSmmuOptions { Id0 = 0x6000_0808, Id1 = 0x2003_0008 });
        smmu.Write(R.StreamToContext + (4 * 5), 0x10000);
        smmu.Write(R.StreamToContext + (4 * 6), 0x20000);
        Assert.Equal(0x1000ul, smmu.Lands(0x1000, sid: 5));
        Assert.Null(smmu.Lands(0x1000, sid: 6));
        Assert.Equal(0x1u, smmu.Read(R.GlobalFaultStatus));
        smmu.Write(R.GlobalFaultStatus, 1);
        Assert.Null(smmu.Lands(0x1000, sid: 16));
        Assert.Equal(0x2u, smmu.Read(R.GlobalFaultStatus));
    }

    [Fact]
    public void Firmware_drops_a_written_fault_and_makes_one_of_a_written_bypass()
    {
        using var smmu = new SmmuBench(new ArmSmmuOptions { Id1 = 0x2003_0008, FirmwareRewritesStreams = true });
        smmu.Route(SmmuBench.Bank);
        smmu.Write(R.StreamToContext, 0x20000);
        Assert.Equal((uint)SmmuBench.Bank, smmu.Read(R.StreamToContext));
        smmu.Write(R.StreamToContext, 0x100ff);
        Assert.Equal(0x200ffu, smmu.Read(R.StreamToContext));
        Assert.Null(smmu.Lands(0x1000));
        Assert.Equal(0x1u, smmu.Read(R.GlobalFaultStatus));
    }

    [Fact]
    public void Contradictory_options_are_refused()
    {
        using var smmu = new SmmuBench();
        Assert.Throws<ArgumentException>(() => new ArmSmmuIommu("x", smmu.Memory, new ArmSmmuOptions { Version = 3 }));
        Assert.Throws<ArgumentException>(() => new ArmSmmuIommu("x", smmu.Memory, new ArmSmmuOptions { Id1 = 0x2000_0009 }));
        Assert.Throws<ArgumentException>(() => new ArmSmmuIommu("x", smmu.Memory, new ArmSmmuOptions { Id0 = 0x6800_0000 }));
        Assert.Throws<ArgumentException>(() => new ArmSmmuIommu("x", smmu.Memory, new ArmSmmuOptions { StallCapacity = 257 }));
    }

    [Fact]
    public void Translation_allocates_nothing()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        smmu.Route(0x20000, sid: 0x50, entry: 1);
        var requests = Enumerable.Range(0, 64)
            .Select(i => new DmaRequest(new StreamId(i == 9 ? 0x50 : SmmuBench.Sid), new Iova(SmmuBench.Page + (i == 7 ? 0x5000ul : 0)), DmaAccess.Write)).ToArray();
        var completions = new DmaCompletion[requests.Length];
        smmu.Silicon.Translate(requests, completions);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                smmu.Silicon.Translate(requests, completions);
        }));
        Assert.Equal(62, completions.Count(c => c.Address.Value == SmmuBench.Frame));
    }
}
