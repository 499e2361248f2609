using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.IpmmuVmsa;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.IpmmuVmsa;

public sealed class FaultTests
{
    private const ulong InSameTable = IpmmuRig.MappedIova + 0x1000;
    private const ulong InOtherTable = IpmmuRig.MappedIova + 0x20_0000;
    private const ulong InOtherGigabyte = IpmmuRig.MappedIova + 0x4000_0000;
    private const uint Format = 1 << 8;
    private const uint Access = 4 << 8;
    private const uint Secure = 5 << 8;

    // The cause, and what is in IMSTR: TF 1, PF 2, ABORT 4, code in [10:8], level in [13:12].
    public static TheoryData<string, uint, FaultReason> Causes => new()
    {
        { "no first-level word", 0x1001, FaultReason.NotPresent },
        { "no second-level word", 0x2001, FaultReason.NotPresent },
        { "no leaf", 0x3001, FaultReason.NotPresent },
        { "an address of more than 32 bits", 0x1001, FaultReason.AddressSize },
        { "a block word in the last table", 0x3001 | Format, FaultReason.TableEntryInvalid },
        { "an output beyond 40 bits", 0x3001 | Format, FaultReason.AddressSize },
        { "short descriptors", 0x0001 | Format, FaultReason.ConfigurationInvalid },
        { "a start level that does not exist", 0x0001 | Format, FaultReason.ConfigurationInvalid },
        { "a write to a read-only page", 0x3002 | Access, FaultReason.PermissionDenied },
        { "a privileged page", 0x3002 | Access, FaultReason.PermissionDenied },
        { "a fetch from a page without fetches", 0x3002 | Access, FaultReason.PermissionDenied },
        { "a leaf without NS", 0x3002 | Secure, FaultReason.PermissionDenied },
        { "a first-level word without NSTable", 0x1002 | Secure, FaultReason.PermissionDenied },
        { "a second-level word without NSTable", 0x2002 | Secure, FaultReason.PermissionDenied },
        { "a first table that is not there", 0x1004, FaultReason.TableReadAbort },
        { "a last table that is not there", 0x3004, FaultReason.TableReadAbort },
    };

    [Theory]
    [MemberData(nameof(Causes))]
    public void Each_cause_has_its_status(string cause, uint status, FaultReason reason)
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        var domain = rig.Attached(protection: cause switch
        {
            "a write to a read-only page" => Protection.Read,
            "a privileged page" => Protection.Read | Protection.Write | Protection.Privileged,
            "a fetch from a page without fetches" => Protection.Read | Protection.NoExecute,
            _ => Protection.Read | Protection.Write,
        });
        var iova = Provoke(rig, domain, cause);
        var access = cause == "a write to a read-only page" ? DmaAccess.Write : DmaAccess.Read;

        Assert.Null(rig.Dma(iova, access, attributes: cause.StartsWith("a fetch", StringComparison.Ordinal) ? DmaAttributes.Instruction : DmaAttributes.None));

        Assert.Equal(status, rig.ReadContext(1, IpmmuVmsaRegisters.Status));
        Assert.Equal((uint)iova, rig.ReadContext(1, IpmmuVmsaRegisters.FaultLow));
        Assert.Equal((uint)(iova >> 32), rig.ReadContext(1, IpmmuVmsaRegisters.FaultHigh));
        Assert.Equal(new FaultRecord(new StreamId(5), new Iova(iova), access, reason, (ushort)status), rig.TakeFault());
        Assert.True(rig.Root.InterruptAsserted);
        Assert.True(rig.Leaf.InterruptAsserted);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void A_cached_page_refuses_what_its_leaf_refuses_with_the_same_status(KernelVersion kernel)
    {
        using var rig = IpmmuRig.Of("gen3", kernel);
        rig.Attached(protection: Protection.Read);
        Assert.Equal(IpmmuRig.PageA, rig.Dma());
        var misses = rig.Leaf.Iotlb!.Misses;

        Assert.Null(rig.Dma(access: DmaAccess.Write));

        Assert.Equal(misses, rig.Leaf.Iotlb!.Misses);
        Assert.Equal(0x3002u | Access, rig.ReadContext(1, IpmmuVmsaRegisters.Status));
    }

    [Theory]
    [InlineData(DmaAttributes.None, false)]
    [InlineData(DmaAttributes.Privileged, true)]
    public void A_privileged_page_is_for_privileged_DMA(DmaAttributes attributes, bool lands)
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        rig.Attached(protection: Protection.Read | Protection.Privileged);

        Assert.Equal(lands ? IpmmuRig.PageA : null, rig.Dma(attributes: attributes));
        Assert.Equal(lands ? IpmmuRig.PageA : null, rig.Dma(attributes: attributes));
    }

    [Fact]
    public void The_handler_reports_a_fault_clears_the_status_with_a_zero_and_the_address_goes()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        var domain = rig.Attached();
        var reported = new List<(IpmmuVmsaDomain, Iova)>();
        rig.Driver.FaultHandler = (faulted, iova) =>
        {
            reported.Add((faulted, iova));
            return true;
        };
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt()));
        rig.Dma(InSameTable);

        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));

        Assert.Equal([(domain, new Iova(InSameTable))], reported);
        Assert.Equal(0u, rig.ReadContext(1, IpmmuVmsaRegisters.Status));
        Assert.Equal(0u, rig.ReadContext(1, IpmmuVmsaRegisters.FaultLow));
        Assert.False(rig.Root.InterruptAsserted);
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt()));
    }

    [Fact]
    public void A_walk_abort_alone_is_not_a_fault_that_the_handler_handles()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        var domain = rig.Attached();
        rig.Driver.FaultHandler = (_, _) => throw new InvalidOperationException();
        rig.Dma(Provoke(rig, domain, "a last table that is not there"));

        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt()));

        Assert.False(rig.Root.InterruptAsserted);
    }

    [Fact]
    public void While_a_fault_is_pending_later_ones_add_their_bits_and_keep_the_address()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        rig.Attached(protection: Protection.Read);
        rig.Dma(InOtherTable);
        rig.Dma(access: DmaAccess.Write);

        Assert.Equal(0x2003u, rig.ReadContext(1, IpmmuVmsaRegisters.Status));
        Assert.Equal((uint)InOtherTable, rig.ReadContext(1, IpmmuVmsaRegisters.FaultLow));
        Assert.Equal(1, rig.Leaf.Faults.Total);
        Assert.Equal(1, rig.Leaf.UnrecordedFaults);
    }

    [Fact]
    public void Setting_up_a_context_leaves_the_last_owner_s_fault_to_be_reported_for_the_new_one()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);
        var old = rig.Attached();
        rig.Dma(InSameTable);
        rig.Run(rig.Driver.Detach(old, IpmmuRig.Device));
        rig.Run(rig.Driver.FreeDomain(old));
        Assert.False(rig.Root.InterruptAsserted);
        var next = rig.Attached(IpmmuRig.PageB);
        IpmmuVmsaDomain? blamed = null;
        rig.Driver.FaultHandler = (domain, _) => (blamed = domain) != null;

        Assert.True(rig.Root.InterruptAsserted);
        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));

        Assert.Same(next, blamed);
    }

    [Theory]
    [InlineData("gen2", false)]
    [InlineData("gen3", true)]
    public void Only_a_64_bit_kernel_reads_the_upper_half_of_the_address(string variant, bool reads)
    {
        using var rig = IpmmuRig.Of(variant, KernelVersion.Linux61);
        var domain = rig.Attached();
        rig.Dma(InSameTable);

        Assert.Equal(reads, rig.Log(rig.Driver.HandleInterrupt()).Exists(step => step.Contains($"IMEUAR[{domain.Context}]", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_micro_TLB_that_does_not_exist_is_refused_in_silence()
    {
        using var rig = IpmmuRig.Of("gen3", KernelVersion.Linux61);

        Assert.Null(rig.Dma(stream: 48));
        Assert.Null(rig.Dma(stream: 0, unit: 1));
        Assert.Equal(0, rig.Leaf.Faults.Total);
        Assert.Equal(1, rig.Leaf.UnrecordedFaults);
        Assert.Equal(1, rig.Root.UnrecordedFaults);
    }

    private static ulong Provoke(IpmmuRig rig, IpmmuVmsaDomain domain, string cause)
    {
        var words = rig.Words(domain, IpmmuRig.MappedIova);
        var leaf = rig.Memory.Read64(words[2]);
        const ulong nowhere = 0xff_f000_0000;
        switch (cause)
        {
            case "no first-level word":
                return InOtherGigabyte;
            case "no second-level word":
                return InOtherTable;
            case "no leaf":
                return InSameTable;
            case "an address of more than 32 bits":
                return IpmmuRig.MappedIova + (1UL << 32);
            case "a block word in the last table":
                rig.Memory.Write64(words[2], leaf & ~2UL);
                break;
            case "an output beyond 40 bits":
                rig.Memory.Write64(words[2], leaf | (1UL << 41));
                break;
            case "short descriptors":
                rig.WriteContext(1, IpmmuVmsaRegisters.TableControl, 0x80);
                break;
            case "a start level that does not exist":
                rig.WriteContext(1, IpmmuVmsaRegisters.TableControl, 0x800000c0);
                break;
            case "a leaf without NS":
                rig.Memory.Write64(words[2], leaf & ~(1UL << 5));
                break;
            case "a first-level word without NSTable":
                rig.Memory.Write64(words[0], rig.Memory.Read64(words[0]) & ~(1UL << 63));
                break;
            case "a second-level word without NSTable":
                rig.Memory.Write64(words[1], rig.Memory.Read64(words[1]) & ~(1UL << 63));
                break;
            case "a first table that is not there":
                rig.WriteContext(1, IpmmuVmsaRegisters.TableHigh, 0xff);
                break;
            case "a last table that is not there":
                rig.Memory.Write64(words[1], nowhere | 3 | (1UL << 63));
                break;
        }

        return IpmmuRig.MappedIova;
    }
}
