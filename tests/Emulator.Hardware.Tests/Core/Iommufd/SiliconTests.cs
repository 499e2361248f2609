using Emulator.Hardware.Core;
using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Hardware.Tests.Core.Iommufd;

/// <summary>An address space seen by DMA through real silicon.</summary>
public sealed class SiliconTests
{
    private const ulong Iova = 0x4000_0000;
    private const ulong Ram = 0x20_0000;

    [Theory]
    [InlineData("arm-smmu-v3")]
    [InlineData("intel")]
    [InlineData("amd")]
    public void DMA_reaches_what_is_mapped_and_nothing_before_or_after(string room)
    {
        using var platform = IommuCatalog.Rooms.Single(known => known.Name.Contains(room, StringComparison.Ordinal)).Create(
            new PlatformOptions { Kernel = KernelVersion.Linux612, RamSize = 1UL << 30 });
        var bus = platform.Bus;
        var dma = platform.Device(0);
        bus.Run(platform.Driver.Probe());
        bus.Run(platform.Driver.ProbeDevice(dma));
        bus.Run(platform.Driver.ResumeDevice(dma));
        var member = new GroupMember(dma);
        var group = new IommuGroup(platform.Driver, [member], IommufdBench.Resting);
        Assert.Equal(0, bus.Run(group.AttachDefault()));
        var context = new IommufdContext(platform.Memory);
        var ioas = context.AllocateIoas();

        var device = context.Find<IommufdDevice>((int)bus.Run(context.Bind(new IommuDevice(platform.Driver, group, member))))!;
        Assert.Null(Land(platform, dma));
        Assert.True(bus.Run(device.Attach(ioas.Id)) > 0);
        Assert.Null(Land(platform, dma));
        Assert.Equal((long)Iova, bus.Run(ioas.Map(UserMemory.At(Ram, 0x3000), 0x3000, IommufdBench.Fixed, Iova), _ => IsOneOf(Land(platform, dma), Ram)));
        Assert.Equal(Ram, Land(platform, dma));

        // Nested and tracked HWPTs need what this driver does not offer.
        Assert.Equal(-(long)Errno.EOPNOTSUPP, bus.Run(context.AllocateHwpt(new HwptAllocation(device.Id, ioas.Id) { Flags = HwptFlags.NestParent })));

        // Another address space, in which the same address is other memory: invariant 44, old or new or nothing.
        var other = context.AllocateIoas();
        Assert.True(bus.Run(other.Map(UserMemory.At(2 * Ram, 0x1000), 0x1000, IommufdBench.Fixed, Iova)) > 0);
        Assert.True(bus.Run(device.Replace(other.Id), _ => IsOneOf(Land(platform, dma), Ram, 2 * Ram)) > 0);
        Assert.Equal(2 * Ram, Land(platform, dma));

        Assert.Equal(0x1000, bus.Run(other.Unmap(Iova, 0x1000)));
        Assert.Null(Land(platform, dma));
        Assert.True(bus.Run(device.Replace(ioas.Id)) > 0);
        Assert.Equal(Ram, Land(platform, dma));
        bus.Run(device.Detach());
        Assert.Null(Land(platform, dma));
        Assert.Equal(0, bus.Run(device.Unbind()));
        Assert.Equal(group.DefaultDomain, group.Domain);
    }

    private static void IsOneOf(ulong? landed, params ulong[] allowed) => Assert.True(landed is not { } address || allowed.Contains(address), $"landed at 0x{landed:x}");

    private static ulong? Land(Platform platform, DmaDevice device)
    {
        DmaRequest[] request = [new(device.Stream, new Iova(Iova), DmaAccess.Write)];
        var completion = new DmaCompletion[1];
        platform.Bus.Units[device.Streams[0].Unit].Translate(request, completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }
}
