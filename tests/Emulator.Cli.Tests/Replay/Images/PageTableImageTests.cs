namespace Emulator.Cli.Tests.Replay.Images;

public sealed class PageTableImageTests
{
    private static readonly string[] Names =
    [
        "boot.pt-SNAP-IDLE.bin.gz", "mixed-strict.pt-200K.bin.gz", "mixed-strict.pt-SNAP-IDLE.bin.gz", "net-e1000e-strict.pt-SNAP-IDLE.bin.gz",
        "net-e1000e-strict.pt-nc-rx_200K.bin.gz", "nvme-arm64-strict.pt-SNAP-IDLE.bin.gz", "nvme-arm64-strict.pt-r64k_150K.bin.gz",
        "nvme-randrw-lazy.pt-SNAP-IDLE.bin.gz", "nvme-randrw-lazy.pt-mixbs_300K.bin.gz", "nvme-randrw-strict.pt-SNAP-IDLE.bin.gz",
        "nvme-randrw-strict.pt-mixbs_300K.bin.gz", "own-arm64-strict.pt-SNAP-IDLE.bin.gz", "own-strict.pt-SNAP-IDLE.bin.gz", "rebind-arm64.pt-SNAP-IDLE.bin.gz",
        "rebind-vfio.pt-SNAP-IDLE.bin.gz",
    ];

    public static TheoryData<string> Images => [.. Names];

    [Fact]
    public void No_recorded_image_is_left_out() =>
        Assert.Equal(
            Directory.GetFiles(Path.GetDirectoryName(TraceData.Path("boot"))!, "*.pt-*.bin.gz").Select(Path.GetFileName).Order(StringComparer.Ordinal),
            Names.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Images))]
    public void The_silicons_walker_finds_exactly_the_leaves_of_the_stopped_machine(string name)
    {
        using var image = new PageTableImage(name);

        var found = ImageWalk.Walk(image).Order(StringComparer.Ordinal).ToList();

        Assert.Equal(image.Lines.Order(StringComparer.Ordinal), found);
        Assert.Contains(found, line => line.StartsWith('M'));
    }
}
