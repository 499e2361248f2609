using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.QcomIommu;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.QcomIommu;

public sealed class DriverTests
{
    private static readonly QcomIommuHardware Secure = QcomIommuHardware.Msm8976 with { Banks = 3, SecureBanks = [3] };
    private static readonly DmaDevice BehindSecure = new("secure", new StreamId(3));

    [Fact]
    public void Firmware_restores_each_bank_once_before_it_is_first_programmed()
    {
        var calls = new List<(int, int)>();
        using var rig = new QcomRig(firmware: new QcomFirmware
        {
            RestoreSecureConfiguration = (id, bank) =>
            {
                calls.Add((id, bank));
                return Errno.None;
            },
        });
        Assert.Empty(calls);
        rig.Attached(device: QcomRig.Gpu);
        rig.Attached(device: QcomRig.Gpu);

        Assert.Equal([(17, 1), (17, 2)], calls);
    }

    [Fact]
    public void When_firmware_refuses_the_second_bank_the_first_stays_on_with_a_table_that_is_lost()
    {
        using var rig = new QcomRig(firmware: new QcomFirmware { RestoreSecureConfiguration = (_, bank) => bank == 2 ? Errno.EINVAL : Errno.None });
        var domain = rig.Empty();
        var freed = rig.Frames.Freed;

        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Attach(domain, QcomRig.Gpu)));

        Assert.Equal(DmaStatus.Stalled, rig.Send().Status);
        Assert.Equal(QcomRig.MappedIova, rig.Dma(stream: 2));
        rig.Run(rig.Driver.FreeDomain(domain));
        Assert.Equal(freed, rig.Frames.Freed);
    }

    [Theory]
    [InlineData(Errno.None, 0L, 0)]
    [InlineData(Errno.ENOMEM, -12L, 1)]
    public void Memory_for_secure_tables_is_given_to_firmware_once_and_only_taken_back_when_it_refuses(Errno answer, long result, int freed)
    {
        var given = new List<ulong>();
        var firmware = new QcomFirmware
        {
            InitialiseSecureTables = (_, bytes) =>
            {
                given.Add(bytes);
                return given.Count == 1 ? Errno.None : answer;
            },
        };
        using var rig = new QcomRig(KernelVersion.Linux612, Secure, firmware: firmware);
        Assert.Equal([0x8000UL], given);
        Assert.Equal(0, rig.Run(rig.Driver.Probe()));
        Assert.Single(given);

        var refusing = new QcomIommuDriver(
            KernelVersion.Linux612, Secure, rig.Memory, rig.Frames, options: new QcomIommuDriverOptions { Firmware = firmware });
        Assert.Equal(result, rig.Run(refusing.Probe()));
        Assert.Equal(freed, rig.Frames.Freed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_secure_bank_of_version_2_is_never_programmed(bool passes)
    {
        using var rig = new QcomRig(KernelVersion.Linux612, Secure, new QcomIommuOptions { SecureBankPasses = passes });
        var domain = rig.Empty();
        Assert.Empty(rig.Log(rig.Driver.Attach(domain, BehindSecure)));
        rig.Map(domain, QcomRig.MappedIova, QcomRig.PageA);

        Assert.Equal(passes ? QcomRig.MappedIova : null, rig.Dma(stream: 3));

        // The identity domain does not ask, and its write is lost.
        Assert.Equal(["write SCTLR[3] = 0x0"], rig.Log(rig.Driver.Detach(domain, BehindSecure)));
        Assert.Equal(passes ? QcomRig.MappedIova : null, rig.Dma(stream: 3));
        Assert.DoesNotContain(rig.Log(rig.Driver.Probe()), step => step.Contains("[3]", StringComparison.Ordinal));
    }

    [Fact]
    public void A_secure_bank_of_version_1_is_programmed_like_the_others()
    {
        using var rig = new QcomRig(hardware: QcomIommuHardware.Msm8916 with { SecureBanks = [3] });
        rig.Attached(device: BehindSecure);

        Assert.Equal(QcomRig.PageA, rig.Dma(stream: 3));
    }

    [Fact]
    public void Interrupts_come_to_Linux_once_the_local_registers_say_so()
    {
        var hardware = QcomIommuHardware.Msm8916 with { LocalBase = 0x4000 };
        using var rig = new QcomRig(hardware: hardware);
        rig.Attached();
        rig.Dma(0x1234_5000);
        Assert.True(rig.Silicon.InterruptAsserted);

        rig.Silicon.Registers.Write(0x6000, 4, ~2u);

        Assert.False(rig.Silicon.InterruptAsserted);
    }

    [Fact]
    public void A_domain_is_bound_to_its_first_IOMMU_for_good()
    {
        using var rig = new QcomRig(units: 2);
        var domain = rig.Attached();
        var elsewhere = new DmaDevice("elsewhere", [new StreamBinding(1, new StreamId(1))]);

        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Attach(domain, elsewhere)));
        rig.Run(rig.Driver.Detach(domain, QcomRig.Device));
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.Attach(domain, elsewhere)));

        Assert.Equal(QcomRig.MappedIova, rig.Dma(unit: 1));
        rig.Attached(QcomRig.PageB, device: elsewhere);
        Assert.Equal(QcomRig.PageB, rig.Dma(unit: 1));
    }

    [Fact]
    public void A_device_of_no_bank_or_of_two_IOMMUs_is_refused()
    {
        using var rig = new QcomRig(units: 2);
        var far = new DmaDevice("far", new StreamId(6));
        var both = new DmaDevice("both", [new StreamBinding(0, new StreamId(1)), new StreamBinding(1, new StreamId(1))]);

        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.ProbeDevice(far)));
        Assert.Equal(-(long)Errno.EINVAL, rig.Run(rig.Driver.ProbeDevice(both)));
        Assert.Equal(0, rig.Run(rig.Driver.ProbeDevice(QcomRig.Gpu)));
        Assert.Equal(-(long)Errno.ENXIO, rig.Run(rig.Driver.Attach(rig.Empty(), far)));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, DomainType.Identity)]
    [InlineData(KernelVersion.Linux61, DomainType.Blocked)]
    [InlineData(KernelVersion.Linux61, DomainType.DmaFlushQueue)]
    [InlineData(KernelVersion.Linux612, DomainType.Blocked)]
    public void Domains_that_a_kernel_does_not_have_are_EINVAL(KernelVersion kernel, DomainType type)
    {
        using var rig = new QcomRig(kernel);

        Assert.Equal(Errno.EINVAL, Assert.Throws<DriverException>(() => rig.Driver.AllocateDomain(type)).Errno);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => rig.Driver.Block(QcomRig.Device)).Errno);
    }

    [Theory]
    [InlineData(0x1_0000_0000UL, 0x1000UL, 3, Errno.ERANGE)]
    [InlineData(0x1000UL, 0x100_0000_0000UL, 3, Errno.ERANGE)]
    [InlineData(0x1000UL, 0x1800UL, 3, Errno.EINVAL)]
    [InlineData(0x1000UL, 0x1000UL, 0, Errno.EINVAL)]
    [InlineData(QcomRig.MappedIova, 0x1000UL, 3, Errno.EEXIST)]
    public void A_map_that_cannot_be_fails_with_its_error(ulong iova, ulong physical, int protection, Errno error)
    {
        using var rig = new QcomRig();
        var domain = rig.Attached();

        Assert.Equal(-(long)error, rig.Run(DomainMapping.Map(rig.Driver, domain, iova, physical, 0x1000, (Protection)protection)));
        Assert.Equal(QcomRig.PageA, rig.Dma());
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, false, 0)]
    [InlineData(KernelVersion.Linux61, true, 0)]
    [InlineData(KernelVersion.Linux612, false, 0)]
    [InlineData(KernelVersion.Linux612, true, 1)]
    public void Only_6_12_has_firmware_restore_an_IOMMU_in_a_power_domain_when_it_resumes(KernelVersion kernel, bool domain, int calls)
    {
        var restored = 0;
        using var rig = new QcomRig(kernel, QcomIommuHardware.Msm8916 with { HasPowerDomain = domain }, firmware: new QcomFirmware
        {
            RestoreSecureConfiguration = (_, _) =>
            {
                restored++;
                return Errno.None;
            },
        });

        Assert.Equal(0, rig.Run(rig.Driver.ResumeDevice(QcomRig.Device)));

        Assert.Equal(calls, restored);
    }

    [Fact]
    public void A_sync_that_does_not_end_is_given_up_and_the_next_bank_follows()
    {
        using var rig = new QcomRig();
        var domain = rig.Attached(device: QcomRig.Gpu);
        var reads = new List<ulong>();
        foreach (var step in rig.Driver.FlushAll(domain))
        {
            rig.Bus.Perform(step);
            if (step.Kind != DriverStepKind.ReadRegister)
                continue;
            reads.Add(step.Address >> 12);
            step.Value |= 1;
        }

        Assert.Equal([1UL, 1, 1, 1, 1, 2, 2, 2, 2, 2], reads);
    }

    [Fact]
    public void Linux_6_1_does_not_know_version_2()
    {
        Assert.False(QcomIommuRoom.Room.Supports("msm8976", KernelVersion.Linux61));
        Assert.Throws<ArgumentException>(() => QcomIommuRoom.Room.Create(new PlatformOptions { Variant = "msm8976" }));
    }

    [Fact]
    public void The_room_gives_each_device_a_bank_up_to_the_ASIDs_there_are()
    {
        using var platform = QcomIommuRoom.Room.Create(new PlatformOptions { Devices = 1000 });

        Assert.Equal(254u, platform.Device(253).Stream.Value);
        Assert.Contains("254", Assert.Throws<ArgumentOutOfRangeException>(() => platform.Device(254)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new QcomIommuIommu("too many", platform.Memory, QcomIommuHardware.Msm8916 with { Banks = 256 }, new QcomIommuOptions()));
    }

    [Theory]
    [MemberData(nameof(QcomRig.Kernels), MemberType = typeof(QcomRig))]
    public void Nothing_strays_from_the_declared_registers(KernelVersion kernel)
    {
        using var rig = new QcomRig(kernel, QcomIommuHardware.Msm8916 with { LocalBase = 0x4000, SecureBanks = [3] });
        var domain = rig.Attached(device: QcomRig.Gpu);
        rig.Dma(0x1234_5000);
        rig.Run(rig.Driver.HandleInterrupt());
        rig.Run(rig.Driver.Detach(domain, QcomRig.Gpu));
        rig.Run(rig.Driver.FreeDomain(domain));

        Assert.Equal(0, rig.Silicon.Registers.UndeclaredAccesses);
    }

    [Fact]
    public void Translation_allocates_nothing()
    {
        using var rig = new QcomRig();
        var domain = rig.Attached();
        rig.Write(QcomIommuRegisters.Control, QcomIommuRegisters.LinuxControl & ~QcomIommuRegisters.FaultStalls);
        for (var page = 1UL; page < 64; page += 2)
            rig.Map(domain, QcomRig.MappedIova + (page << 12), QcomRig.PageA + (page << 12));
        var requests = Enumerable.Range(0, 64)
            .Select(i => new DmaRequest(new StreamId(i % 8 == 7 ? 2u : 1u), new Iova(QcomRig.MappedIova + ((ulong)i << 12)), DmaAccess.Write)).ToArray();
        var completions = new DmaCompletion[requests.Length];
        rig.Silicon.Translate(requests, completions);
        rig.Write(QcomIommuRegisters.TlbiAsid, 1);

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                rig.Silicon.Translate(requests, completions);
        }));
    }
}
