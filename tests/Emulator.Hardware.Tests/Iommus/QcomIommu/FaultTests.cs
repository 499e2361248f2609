using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.QcomIommu;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.QcomIommu;

public sealed class FaultTests
{
    private const ulong Unmapped = QcomRig.MappedIova + 0x1000;
    private const uint Stalled = 1u << 30;

    // The cause, the bit in FSR, what is in FSYNR0 besides the bank (WNR 4, IND 6, PTWF 10, level in [1:0]).
    public static TheoryData<string, QcomIommuFault, uint, FaultReason> Causes => new()
    {
        { "no first-level word", QcomIommuFault.Translation, 1, FaultReason.NotPresent },
        { "no second-level word", QcomIommuFault.Translation, 2, FaultReason.NotPresent },
        { "no leaf", QcomIommuFault.Translation, 3, FaultReason.NotPresent },
        { "a write without a leaf", QcomIommuFault.Translation, 0x13, FaultReason.NotPresent },
        { "an address of more than 32 bits", QcomIommuFault.Translation, 1, FaultReason.AddressSize },
        { "a block word in the last table", QcomIommuFault.Translation, 3, FaultReason.TableEntryInvalid },
        { "short descriptors", QcomIommuFault.Translation, 1, FaultReason.ConfigurationInvalid },
        { "walks disabled", QcomIommuFault.Translation, 1, FaultReason.ConfigurationInvalid },
        { "a clear access flag", QcomIommuFault.AccessFlag, 3, FaultReason.AccessFlag },
        { "a write to a read-only page", QcomIommuFault.Permission, 0x13, FaultReason.PermissionDenied },
        { "a privileged page", QcomIommuFault.Permission, 3, FaultReason.PermissionDenied },
        { "a fetch from a page without fetches", QcomIommuFault.Permission, 0x43, FaultReason.PermissionDenied },
        { "a table that is not there", QcomIommuFault.External, 0x403, FaultReason.TableReadAbort },
        { "an output beyond 40 bits", QcomIommuFault.AddressSize, 3, FaultReason.AddressSize },
        { "an output beyond PASize", QcomIommuFault.AddressSize, 3, FaultReason.AddressSize },
    };

    [Theory]
    [MemberData(nameof(Causes))]
    public void Each_cause_stalls_with_its_record(string cause, QcomIommuFault fault, uint syndrome, FaultReason reason)
    {
        using var rig = new QcomRig();
        var domain = rig.Attached(protection: cause switch
        {
            "a write to a read-only page" => Protection.Read,
            "a privileged page" => Protection.Read | Protection.Privileged,
            "a fetch from a page without fetches" => Protection.Read | Protection.NoExecute,
            _ => Protection.Read | Protection.Write,
        });
        var iova = Provoke(rig, domain, cause);
        var access = cause.StartsWith("a write", StringComparison.Ordinal) ? DmaAccess.Write : DmaAccess.Read;

        var completion = rig.Send(iova, access, attributes: cause.StartsWith("a fetch", StringComparison.Ordinal) ? DmaAttributes.Instruction : DmaAttributes.None);

        Assert.Equal(DmaStatus.Stalled, completion.Status);
        Assert.Equal(Stalled | (uint)fault, rig.Read(QcomIommuRegisters.FaultStatus));
        Assert.Equal(iova, rig.Read(QcomIommuRegisters.FaultAddress, width: 8));
        Assert.Equal(syndrome | 0x10000, rig.Read(QcomIommuRegisters.FaultSyndrome0));
        Assert.Equal(new FaultRecord(new StreamId(1), new Iova(iova), access, reason, (ushort)fault), rig.TakeFault());
        Assert.True(rig.Silicon.InterruptAsserted);
    }

    [Fact]
    public void A_cached_page_refuses_what_its_leaf_refuses()
    {
        using var rig = new QcomRig();
        rig.Attached(protection: Protection.Read);
        Assert.Equal(QcomRig.PageA, rig.Dma());
        var misses = rig.Silicon.Iotlb.Misses;

        Assert.Null(rig.Dma(access: DmaAccess.Write));

        Assert.Equal(misses, rig.Silicon.Iotlb.Misses);
        Assert.Equal(Stalled | (uint)QcomIommuFault.Permission, rig.Read(QcomIommuRegisters.FaultStatus));
        Assert.Equal(0x10013u, rig.Read(QcomIommuRegisters.FaultSyndrome0));
    }

    [Fact]
    public void A_privileged_page_is_for_privileged_DMA()
    {
        using var rig = new QcomRig();
        rig.Attached(protection: Protection.Read | Protection.Privileged);

        Assert.Equal(QcomRig.PageA, rig.Dma(attributes: DmaAttributes.Privileged));
        Assert.Null(rig.Dma());
    }

    [Fact]
    public void The_handler_reports_clears_and_terminates()
    {
        using var rig = new QcomRig();
        var domain = rig.Attached();
        var reported = new List<(QcomIommuDomain, Iova)>();
        rig.Driver.FaultHandler = (faulted, iova) =>
        {
            reported.Add((faulted, iova));
            return true;
        };
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt()));
        rig.Dma(Unmapped, DmaAccess.Write);
        Assert.Empty(rig.TakeResumed());

        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));

        Assert.Equal([(domain, new Iova(Unmapped))], reported);
        Assert.Equal(DmaStatus.Aborted, Assert.Single(rig.TakeResumed()).Completion.Status);
        Assert.Equal(0u, rig.Read(QcomIommuRegisters.FaultStatus));
        Assert.False(rig.Silicon.InterruptAsserted);
        Assert.Equal(QcomRig.PageA, rig.Dma());
    }

    [Fact]
    public void A_stalled_transaction_that_is_tried_again_finds_the_page_that_was_mapped_since()
    {
        using var rig = new QcomRig();
        var domain = rig.Attached();
        rig.Dma(Unmapped);
        rig.Map(domain, Unmapped, QcomRig.PageB);
        rig.Write(QcomIommuRegisters.FaultStatus, QcomIommuRegisters.AnyFault);
        Assert.Equal(Stalled, rig.Read(QcomIommuRegisters.FaultStatus));

        rig.Write(QcomIommuRegisters.Resume, 0);

        var resumed = Assert.Single(rig.TakeResumed());
        Assert.Equal((Unmapped, QcomRig.PageB), (resumed.Request.Iova.Value, resumed.Completion.Address.Value));
        Assert.Equal(0u, rig.Read(QcomIommuRegisters.FaultStatus));
    }

    [Fact]
    public void Behind_a_stalled_transaction_those_of_its_bank_wait_and_others_do_not()
    {
        using var rig = new QcomRig();
        rig.Attached();
        rig.Attached(QcomRig.PageB, device: QcomRig.Other);
        rig.Dma();
        rig.Dma(Unmapped);

        Assert.Equal(DmaStatus.Stalled, rig.Send().Status);
        Assert.Equal(QcomRig.PageB, rig.Dma(stream: 3));

        rig.Run(rig.Driver.HandleInterrupt());
        Assert.Equal([DmaStatus.Aborted, DmaStatus.Completed], rig.TakeResumed().Select(resumed => resumed.Completion.Status));
    }

    [Fact]
    public void With_HUPCF_later_transactions_pass_and_a_second_fault_sets_MULTI()
    {
        using var rig = new QcomRig();
        rig.Attached();
        rig.Write(QcomIommuRegisters.Control, QcomIommuRegisters.LinuxControl | QcomIommuRegisters.HitUnderFault);
        rig.Dma(Unmapped);

        Assert.Equal(QcomRig.PageA, rig.Dma());
        Assert.Equal(DmaStatus.Stalled, rig.Send(Unmapped + 0x1000).Status);

        Assert.Equal(QcomIommuRegisters.Multiple | Stalled | (uint)QcomIommuFault.Translation, rig.Read(QcomIommuRegisters.FaultStatus));
        Assert.Equal(Unmapped, rig.Read(QcomIommuRegisters.FaultAddress, width: 8));
        Assert.Equal(1, rig.Silicon.UnrecordedFaults);
    }

    [Fact]
    public void Without_CFCFG_a_fault_aborts_at_once_and_without_CFIE_in_silence()
    {
        using var rig = new QcomRig();
        rig.Attached();
        rig.Write(QcomIommuRegisters.Control, QcomIommuRegisters.LinuxControl & ~(QcomIommuRegisters.FaultStalls | QcomIommuRegisters.FaultInterrupt));

        Assert.Equal(DmaStatus.Aborted, rig.Send(Unmapped).Status);

        Assert.Equal((uint)QcomIommuFault.Translation, rig.Read(QcomIommuRegisters.FaultStatus));
        Assert.False(rig.Silicon.InterruptAsserted);
    }

    [Fact]
    public void When_no_more_can_be_stalled_transactions_are_aborted()
    {
        using var rig = new QcomRig(options: new QcomIommuOptions { StallCapacity = 2 });
        rig.Attached();

        Assert.Equal([DmaStatus.Stalled, DmaStatus.Stalled, DmaStatus.Aborted], Enumerable.Range(0, 3).Select(_ => rig.Send(Unmapped).Status));
        Assert.Equal(1, rig.Silicon.UnrecordedFaults);
    }

    [Fact]
    public void A_fault_that_waits_at_the_detach_is_the_end_of_the_kernel_when_another_bank_of_the_line_has_one()
    {
        using var rig = new QcomRig();
        var domain = rig.Attached();
        rig.Attached(QcomRig.PageB, device: QcomRig.Other);
        rig.Dma(Unmapped);
        rig.Run(rig.Driver.Detach(domain, QcomRig.Device));
        Assert.False(rig.Silicon.InterruptAsserted);

        rig.Dma(Unmapped, stream: 3);

        Assert.True(rig.Silicon.InterruptAsserted);
        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.HandleInterrupt()));
    }

    [Fact]
    public void A_stream_without_a_bank_is_refused_in_silence()
    {
        using var rig = new QcomRig();

        Assert.Equal(DmaStatus.Aborted, rig.Send(stream: 6).Status);
        Assert.Equal(DmaStatus.Aborted, rig.Send(stream: 0).Status);
        Assert.Equal(0, rig.Silicon.Faults.Total);
        Assert.Equal(2, rig.Silicon.UnrecordedFaults);
    }

    [Fact]
    public void Faults_of_the_boot_loader_are_cleared_by_the_probe()
    {
        using var rig = new QcomRig();
        rig.Attached();
        rig.Dma(Unmapped);
        rig.Write(QcomIommuRegisters.Resume, 1);
        Assert.Equal((uint)QcomIommuFault.Translation, rig.Read(QcomIommuRegisters.FaultStatus));

        rig.Run(rig.Driver.Probe());

        Assert.Equal(0u, rig.Read(QcomIommuRegisters.FaultStatus));
    }

    private static ulong Provoke(QcomRig rig, QcomIommuDomain domain, string cause)
    {
        var words = rig.Words(domain);
        var leaf = rig.Memory.Read64(words[2]);
        switch (cause)
        {
            case "no first-level word":
                return QcomRig.MappedIova + 0x4000_0000;
            case "no second-level word":
                return QcomRig.MappedIova + 0x20_0000;
            case "no leaf" or "a write without a leaf":
                return Unmapped;
            case "an address of more than 32 bits":
                return QcomRig.MappedIova + (1UL << 32);
            case "a block word in the last table":
                rig.Memory.Write64(words[2], leaf & ~2UL);
                break;
            case "short descriptors":
                rig.Write(QcomIommuRegisters.TranslationControl, QcomIommuRegisters.LinuxTranslationControl & ~(1u << 31));
                break;
            case "walks disabled":
                rig.Write(QcomIommuRegisters.TranslationControl, QcomIommuRegisters.LinuxTranslationControl | (1 << 7));
                break;
            case "a clear access flag":
                rig.Memory.Write64(words[2], leaf & ~(1UL << 10));
                break;
            case "a table that is not there":
                rig.Memory.Write64(words[1], 0xff_f000_0003);
                break;
            case "an output beyond 40 bits":
                rig.Memory.Write64(words[2], leaf | (1UL << 40));
                break;
            case "an output beyond PASize":
                rig.Write(QcomIommuRegisters.TranslationControl2, 0x38000);
                rig.Memory.Write64(words[0], (rig.Memory.Read64(words[0]) & 0xfff) | 0x1_0000);
                rig.Memory.Write64(0x1_0000, 0x1_1003);
                rig.Memory.Write64(0x1_1008, leaf);
                rig.Silicon.Registers.Write(QcomIommuHardware.Bank(1) + QcomIommuRegisters.TableBase0, 8, 0x0001_0000_0001_2000);
                rig.Memory.Write64(0x1_2008, 0x1_0003);
                break;
        }

        return QcomRig.MappedIova;
    }
}
