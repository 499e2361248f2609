using Emulator.Actors.Hosts;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Actors.Tests;

/// <summary>Where the buffers of a host's tenants are.</summary>
public sealed class HostLayoutTests
{
    [Theory]
    [InlineData("apple-dart", 0x1000_0000)]
    [InlineData("s390", 0x1_0000_0000)]
    [InlineData("sprd", 0)]
    [InlineData("tegra-gart", 0x5800_0000)]
    public void The_buffers_begin_where_the_geometry_lets_them(string room, ulong iova) => Assert.Equal(iova, HostLayout.Of(Specification(room)).IovaBase);

    [Theory]
    [InlineData("apple-dart")]
    [InlineData("omap")]
    [InlineData("s390")]
    [InlineData("sprd")]
    [InlineData("sun50i")]
    [InlineData("tegra-gart")]
    public void No_two_of_identity_frames_buffers_and_tables_meet(string room)
    {
        var specification = Specification(room);
        using var host = EmulatedHost.Create(specification);
        var (layout, size) = (host.Layout, specification.BufferSize);
        var end = layout.Memory + ((ulong)(specification.Tenants + 1) * layout.Stride);
        Assert.True(end <= host.Platform.Frames.Start);
        Assert.True(layout.IovaBase + size <= layout.Memory || layout.IovaBase >= end);
        Assert.Equal(EmulatedHost.Bystander, host.Platform.Memory.OwnerOf(layout.IovaBase));
        Assert.Equal(HostSpecification.TenantTag(0), host.Platform.Memory.OwnerOf(layout.Memory));
    }

    [Theory]
    [InlineData("sprd", 0x1000_0000, "0x0 to 0xfffffff")]
    [InlineData("s390", 0x1000_0000, "0x100000000 to")]
    [InlineData("tegra-gart", 0x5a00_0000, "0x58000000 to 0x59ffffff")]
    public void A_base_outside_the_geometry_is_refused_with_the_geometry(string room, ulong iova, string named)
    {
        var error = Assert.Throws<ArgumentException>(() => HostLayout.Of(Specification(room) with { IovaBase = iova }));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_base_among_the_buffers_moves_them() =>
        Assert.Equal(0x4040_0000UL, HostLayout.Of(Specification("apple-dart") with { IovaBase = 0x4000_0000 }).Memory);

    [Theory]
    [InlineData("tegra-gart", 1, 256, "is not inside the addresses")]
    [InlineData("sun50i", 16, 256, "do not fit from 0x40000000 to 0xc0000000")]
    public void Buffers_that_table_words_cannot_point_to_are_refused(string room, int tenants, int mebibytes, string named)
    {
        var error = Assert.Throws<ArgumentException>(() => HostLayout.Of(Specification(room) with { Tenants = tenants, BufferSize = (ulong)mebibytes << 20 }));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mtk_v1")]
    [InlineData("tegra-gart")]
    public void Two_tenants_of_one_table_are_refused(string room)
    {
        var error = Assert.Throws<ArgumentException>(() => HostLayout.Of(Specification(room) with { Tenants = 2 }));
        Assert.Contains("one table for all domains", error.Message, StringComparison.Ordinal);
    }

    private static HostSpecification Specification(string name)
    {
        var room = IommuCatalog.Find(name)!;
        return new HostSpecification { Name = "host", Room = room, Kernel = KernelVersion.Linux61, Tenants = room.HasOneTable ? 1 : 2 };
    }
}
