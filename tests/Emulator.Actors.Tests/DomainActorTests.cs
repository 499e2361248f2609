using Akka.Actor;
using Emulator.Actors.Hosts;
using Emulator.Actors.Programming;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Actors.Tests;

public sealed class DomainActorTests : HostTest
{
    private const Protection ReadWrite = Protection.Read | Protection.Write;

    [Fact]
    public async Task The_same_IOVA_is_another_frame_in_each_tenants_domain_and_none_is_the_identity()
    {
        await Start(Specification());
        var tables = new[] { A, B }.Select(tenant => Emulated.Driver.Domains[tenant].PageTable!).ToArray();
        for (var iova = Emulated.Layout.IovaBase; iova < Emulated.Layout.IovaBase + Host.Specification.BufferSize; iova += 4096)
        {
            var (ofA, ofB) = (tables[0].Lookup(iova)!.Value, tables[1].Lookup(iova)!.Value);
            Assert.Equal((A, B), (Memory.OwnerOf(ofA), Memory.OwnerOf(ofB)));
            Assert.Equal(EmulatedHost.Bystander, Memory.OwnerOf(iova));
        }
    }

    [Fact]
    public async Task A_mapping_lasts_until_it_is_unmapped()
    {
        await Start(Specification());
        var domain = Child("domain-0");
        var iova = new Iova(0x400_0000);
        var mapped = await domain.Ask<DomainMessages.Mapped>(new DomainMessages.Map(iova, new PhysicalAddress(0x5000_0000), 0x4000, ReadWrite), Patience);
        Assert.Equal(new DomainMessages.Mapped(iova, 0x4000, null), mapped);
        Assert.Equal(0x5000_1000UL, Emulated.Driver.Domains[A].PageTable!.Lookup(iova.Value + 0x1000));
        var unmapped = await domain.Ask<DomainMessages.Unmapped>(new DomainMessages.Unmap(iova, 0x4000), Patience);
        Assert.Equal(new DomainMessages.Unmapped(iova, 0x4000, null), unmapped);
        Assert.Null(Emulated.Driver.Domains[A].PageTable!.Lookup(iova.Value));
    }

    [Fact]
    public async Task A_range_that_does_not_fit_is_refused_with_the_kernels_error()
    {
        await Start(Specification());
        var mapped = await Child("domain-0").Ask<DomainMessages.Mapped>(new DomainMessages.Map(new Iova(0x1FFF_F000), new PhysicalAddress(0x5000_0000), 0x2000, ReadWrite), Patience);
        Assert.Equal("-ERANGE", mapped.Failure);
        Assert.Null(Emulated.Driver.Domains[A].PageTable!.Lookup(0x1FFF_F000));
    }

    [Fact]
    public async Task What_the_domain_asked_of_an_actor_that_crashed_is_asked_again()
    {
        await Start(Specification() with { Pacing = DriverPacing.StepByStep });
        var domain = Child("domain-0");
        // The driver's actor is held up in a change; the unmap waits in line behind it and is lost with the crash.
        Hold(Flat.FlatDriver.BlockGate);
        var change = Host.ReassignAsync(0, B);
        await AwaitConditionAsync(() => Task.FromResult(Emulated.Driver.Current is { HasBegun: true }), Patience);
        var unmap = domain.Ask<DomainMessages.Unmapped>(new DomainMessages.Unmap(new Iova(Emulated.Layout.IovaBase), 4096), Patience);
        await AwaitConditionAsync(() => Task.FromResult(Emulated.Driver.Domains[A].PageTable!.Lookup(Emulated.Layout.IovaBase) == null), Patience);
        Host.Actor.Tell(new SupervisionMessages.CrashActor(ActorKind.Iommu));
        await AwaitConditionAsync(() => Task.FromResult(Emulated.Ownership.ActorRestarts == 1), Patience);
        Release(Flat.FlatDriver.BlockGate);
        Assert.Null((await unmap).Failure);
        Assert.IsType<HostMessages.ReassignmentFailed>(await change);
    }
}
