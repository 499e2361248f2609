using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Exynos;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Exynos;

public sealed class FaultTests
{
    private const ulong SameSection = ExynosRig.MappedIova + 0x3000;
    private const ulong OtherSection = ExynosRig.MappedIova + (1UL << 20);

    // Another page of the section whose TLB set is the same one on v2.
    private const ulong SameSet = ExynosRig.MappedIova + (64 << 12);

    [Theory]
    [InlineData("v1", "no page", DmaAccess.Read, 0, 0x24)]
    [InlineData("v1", "no page", DmaAccess.Write, 0, 0x24)]
    [InlineData("v3.3", "no section", DmaAccess.Write, 0, 0x24)]
    [InlineData("v1", "too wide", DmaAccess.Read, 0, 0x24)]
    [InlineData("v1", "first table", DmaAccess.Read, 3, 0x30)]
    [InlineData("v3.2", "second table", DmaAccess.Write, 3, 0x30)]
    [InlineData("v1", "multi-hit", DmaAccess.Read, 1, 0x2c)]
    [InlineData("v2", "multi-hit", DmaAccess.Write, 2, 0x28)]
    [InlineData("v3.3", "no access", DmaAccess.Read, 5, 0x2c)]
    [InlineData("v3.1", "read only", DmaAccess.Write, 7, 0x28)]
    [InlineData("v5", "first table", DmaAccess.Read, 0, 0x70)]
    [InlineData("v5", "second table", DmaAccess.Write, 16, 0x80)]
    [InlineData("v5", "no page", DmaAccess.Read, 1, 0x70)]
    [InlineData("v5", "no section", DmaAccess.Write, 17, 0x80)]
    [InlineData("v5", "too wide", DmaAccess.Write, 17, 0x80)]
    [InlineData("v5", "multi-hit", DmaAccess.Read, 2, 0x70)]
    [InlineData("v5", "multi-hit", DmaAccess.Write, 18, 0x80)]
    [InlineData("v5", "write only", DmaAccess.Read, 3, 0x70)]
    [InlineData("v5", "read only", DmaAccess.Write, 19, 0x80)]
    [InlineData("v7", "first table", DmaAccess.Read, 0, 0x70)]
    [InlineData("v7", "no page", DmaAccess.Write, 1, 0x70)]
    [InlineData("v7", "read only", DmaAccess.Write, 2, 0x70)]
    [InlineData("v7vm", "second table", DmaAccess.Write, 0, 0x1000)]
    [InlineData("v7vm", "no page", DmaAccess.Read, 1, 0x1000)]
    [InlineData("v7vm", "write only", DmaAccess.Read, 2, 0x1000)]
    public void A_fault_sets_its_bit_and_latches_the_address(string variant, string cause, DmaAccess access, int bit, ulong register)
    {
        using var rig = ExynosRig.Of(variant);
        var iova = Prepare(rig, cause);

        Assert.Equal(DmaStatus.Aborted, rig.Send(iova, access).Status);

        Assert.True(rig.Units[0].InterruptAsserted);
        Assert.Equal(1u << bit, rig.Read(rig.Hardware.Layout.InterruptStatus));
        Assert.Equal((uint)iova, rig.Read(register));
        var reason = cause switch
        {
            "first table" or "second table" => FaultReason.TableReadAbort,
            "multi-hit" => FaultReason.ConfigurationInvalid,
            "no page" or "no section" or "too wide" => FaultReason.NotPresent,
            _ => FaultReason.PermissionDenied,
        };
        Assert.Equal(new FaultRecord(new StreamId(0), new Iova(iova), access, reason, (ushort)bit), rig.TakeFault());
        if (rig.Hardware.Layout.FaultInformation is var information and not 0)
            Assert.Equal(access == DmaAccess.Write ? 1u << 20 : 0, rig.Read(information));
    }

    [Fact]
    public void Without_the_check_of_access_bits_every_mapped_page_may_be_read_and_written()
    {
        using var rig = ExynosRig.Of("v5");
        rig.Attached(protection: Protection.Read);
        rig.Write(ExynosRegisters.Configuration, 0);
        Assert.Equal(ExynosRig.PageA, rig.Dma(access: DmaAccess.Write));
    }

    [Theory]
    [MemberData(nameof(ExynosRig.Cases), MemberType = typeof(ExynosRig))]
    public void The_handler_tells_the_domain_and_lets_the_hardware_go_on(string variant, KernelVersion kernel)
    {
        using var rig = ExynosRig.Of(variant, kernel);
        rig.Attached();
        Assert.Equal(0, rig.Run(rig.Driver.HandleInterrupt()));
        rig.Dma(SameSection, DmaAccess.Write);
        Assert.Null(rig.Dma());

        Assert.Equal(1, rig.Run(rig.Driver.HandleInterrupt()));

        // The page fault of v1 to v3 has no direction, and 6.1 reads v7's as if it were v5's.
        var write = rig.Hardware.Version.Major == 5 || (rig.Hardware.Version.Major == 7 && kernel == KernelVersion.Linux612);
        Assert.Equal([(SameSection, write ? DmaAccess.Write : DmaAccess.Read)], rig.Reported);
        Assert.False(rig.Units[0].InterruptAsserted);
        Assert.Equal(ExynosRig.PageA, rig.Dma());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, 0x70)]
    [InlineData(KernelVersion.Linux612, 0x1000)]
    public void With_VM_registers_only_6_12_reads_them(KernelVersion kernel, ulong register)
    {
        using var rig = ExynosRig.Of("v7vm", kernel);
        rig.Attached();
        rig.Dma(SameSection);
        var reads = new List<ulong>();
        rig.Run(rig.Driver.HandleInterrupt(), step => reads.Add(step.Kind == DriverStepKind.ReadRegister ? step.Address : 0));
        Assert.Contains(register, reads);
        Assert.Equal([(SameSection, DmaAccess.Read)], rig.Reported);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61)]
    [InlineData(KernelVersion.Linux612)]
    public void Without_a_fault_handler_the_kernel_stops(KernelVersion kernel)
    {
        using var rig = ExynosRig.Of("v5", kernel, handler: false);
        rig.Attached();
        rig.Dma(SameSection);
        Assert.Throws<KernelBugException>(() => rig.Run(rig.Driver.HandleInterrupt()));
    }

    [Fact]
    public void A_bit_without_meaning_stops_6_1_and_is_cleared_by_6_12()
    {
        using var old = ExynosRig.Of("v5");
        old.Attached();
        Assert.Throws<KernelBugException>(() => RunWithStatus(old, 1 << 9));
        using var rig = ExynosRig.Of("v5", KernelVersion.Linux612);
        rig.Attached();
        Assert.Equal([(0x64UL, 1UL << 9), (0UL, 5UL)], RunWithStatus(rig, 1 << 9));
        Assert.Empty(rig.Reported);
    }

    [Fact]
    public void Requests_wait_until_the_fault_is_cleared_and_the_hardware_enabled_again()
    {
        using var rig = ExynosRig.Of("v3.3");
        rig.Attached();
        rig.Dma(SameSection);
        Assert.Equal(1u, rig.Read(ExynosRegisters.Status));
        Assert.Equal(DmaStatus.Stalled, rig.Send(tag: 1).Status);
        Assert.Equal(DmaStatus.Stalled, rig.Send(ExynosRig.MappedIova + 8, tag: 2).Status);

        rig.Write(ExynosRegisters.Control, ExynosRegisters.ControlEnable);
        Assert.Empty(rig.TakeResumed());
        rig.Write(rig.Hardware.Layout.InterruptClear, 1);
        Assert.False(rig.Units[0].InterruptAsserted);
        Assert.Empty(rig.TakeResumed());
        rig.Write(ExynosRegisters.Control, ExynosRegisters.ControlEnable);

        Assert.Equal([(1, ExynosRig.PageA), (2, ExynosRig.PageA + 8)], rig.TakeResumed());
        Assert.Equal(0u, rig.Read(ExynosRegisters.Status));
    }

    [Fact]
    public void A_waiting_request_that_faults_makes_those_behind_it_wait_on()
    {
        using var rig = ExynosRig.Of("v5");
        rig.Attached();
        rig.Dma(SameSection);
        rig.Send(OtherSection, DmaAccess.Write, tag: 1);
        rig.Send(tag: 2);
        rig.ClearFault();
        Assert.Equal([(1, null)], rig.TakeResumed());
        Assert.Equal(1u << 17, rig.Read(rig.Hardware.Layout.InterruptStatus));
        rig.ClearFault();
        Assert.Equal([(2, ExynosRig.PageA)], rig.TakeResumed());
    }

    [Fact]
    public void A_fault_that_is_tried_again_succeeds_when_the_page_was_mapped_meanwhile()
    {
        using var rig = ExynosRig.Of("v5", options: new ExynosOptions { RetriesFaulted = true });
        var domain = rig.Attached();
        Assert.Equal(DmaStatus.Stalled, rig.Send(SameSection, tag: 1).Status);
        rig.ClearFault();
        Assert.Empty(rig.TakeResumed());
        Assert.True(rig.Units[0].InterruptAsserted);
        rig.Map(domain, SameSection, ExynosRig.PageB);
        rig.ClearFault();
        Assert.Equal([(1, ExynosRig.PageB)], rig.TakeResumed());
    }

    [Fact]
    public void A_virtual_machine_that_does_not_stall_goes_on_after_a_fault()
    {
        using var rig = ExynosRig.Of("v7vm");
        rig.Attached();
        rig.Write(ExynosRegisters.ControlVm, ExynosRegisters.VmEnable);
        Assert.Equal(DmaStatus.Aborted, rig.Send(SameSection).Status);
        Assert.Equal(ExynosRig.PageA, rig.Dma());
        Assert.True(rig.Units[0].InterruptAsserted);
    }

    [Fact]
    public void No_more_requests_wait_than_there_is_room_for()
    {
        using var rig = ExynosRig.Of("v5", options: new ExynosOptions { WaitingRequests = 2 });
        rig.Attached();
        rig.Write(ExynosRegisters.Control, ExynosRegisters.ControlBlock);
        Assert.Equal(DmaStatus.Stalled, rig.Send().Status);
        Assert.Equal(DmaStatus.Stalled, rig.Send().Status);
        Assert.Equal(DmaStatus.Aborted, rig.Send().Status);
    }

    // Makes the cause; gives the address that meets it.
    private static ulong Prepare(ExynosRig rig, string cause)
    {
        var protection = cause switch
        {
            "read only" => Protection.Read,
            "write only" => Protection.Write,
            "no access" => Protection.None,
            _ => Protection.Read | Protection.Write,
        };
        var domain = rig.Attached(protection: protection);
        var word = domain.Tables!.Root + ((ExynosRig.MappedIova >> 20) * 4);
        switch (cause)
        {
            case "first table":
                rig.Write(rig.Hardware.Layout.TableBase, (uint)(rig.Hardware.IsShifted ? ExynosRig.Hole >> 12 : ExynosRig.Hole));
                break;
            case "second table":
                rig.Memory.Write32(word, (uint)(rig.Hardware.IsShifted ? ExynosRig.Hole >> 4 : ExynosRig.Hole) | 1);
                break;
            case "multi-hit":
                // The small page stays cached, then its section is replaced by one that is cached too.
                rig.Write(ExynosRegisters.Configuration, ExynosRegisters.CheckAccess);
                rig.Dma();
                rig.Memory.Write32(word, rig.Hardware.IsShifted ? (0x5000_0000 >> 4) | 0x32u : 0x5000_0402);
                Assert.Equal(0x5000_0000 + (SameSet & 0xfffff), rig.Dma(SameSet));
                break;
        }

        return cause switch
        {
            "no page" => SameSection,
            "no section" => OtherSection,
            "too wide" => (1UL << 32) + ExynosRig.MappedIova,
            _ => ExynosRig.MappedIova,
        };
    }

    private static List<(ulong Offset, ulong Value)> RunWithStatus(ExynosRig rig, ulong status)
    {
        var writes = new List<(ulong, ulong)>();
        foreach (var step in rig.Driver.HandleInterrupt())
        {
            if (step.Kind == DriverStepKind.WriteRegister)
                writes.Add((step.Address, step.Value));
            if (step.Kind != DriverStepKind.Return)
                rig.Bus.Perform(step);
            if (step.Kind == DriverStepKind.ReadRegister && step.Address == rig.Hardware.Layout.InterruptStatus)
                step.Value = status;
        }

        return writes;
    }
}
