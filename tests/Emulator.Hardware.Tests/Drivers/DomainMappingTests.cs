using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.AppleDart;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Tests.Iommus.AppleDart;

namespace Emulator.Hardware.Tests.Drivers;

/// <summary>iommu_map and iommu_unmap, over the driver whose every invalidation shows: the DART's.</summary>
public sealed class DomainMappingTests
{
    private const ulong Page = 0x4000;

    [Theory]
    [InlineData(0x100_0000, Page, 0, 1)]
    [InlineData(0x100_0000, Page + 8, -(long)Errno.EINVAL, 0)]
    [InlineData(DartRig.MappedIova - Page, 2 * Page, -(long)Errno.EEXIST, 1)]
    public void A_map_syncs_when_it_changed_the_table_even_if_it_failed(ulong iova, ulong size, long expected, int commands)
    {
        using var rig = DartRig.Of("t8103", KernelVersion.Linux61);
        var domain = rig.Attached();
        var seen = 0;

        var result = rig.Run(DomainMapping.Map(rig.Driver, domain, iova, 0x3_0000_0000, size, Protection.Read), step => seen += IsCommand(step) ? 1 : 0);

        Assert.Equal(expected, result);
        Assert.Equal(commands, seen);
        Assert.Equal(expected == 0 ? 0x3_0000_0000UL : null, domain.Tables!.Lookup(iova));
        Assert.Equal(DartRig.PageA, rig.Dma());
    }

    [Theory]
    [InlineData(DartRig.MappedIova, Page, (long)Page)]
    [InlineData(DartRig.MappedIova + Page, Page, 0)]
    [InlineData(DartRig.MappedIova, Page / 2, 0)]
    public void An_unmap_always_syncs_and_tells_how_much_it_removed(ulong iova, ulong size, long expected)
    {
        using var rig = DartRig.Of("t8103", KernelVersion.Linux61);
        var domain = rig.Attached();
        var seen = 0;

        Assert.Equal(expected, rig.Run(DomainMapping.Unmap(rig.Driver, domain, iova, size), step => seen += IsCommand(step) ? 1 : 0));

        Assert.Equal(1, seen);
        Assert.Equal(expected == 0 ? DartRig.PageA : null, rig.Dma());
    }

    private static bool IsCommand(DriverStep step) => step.Kind == DriverStepKind.WriteRegister && step.Address == AppleDartRegisters.StreamCommand;
}
