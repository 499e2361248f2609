using System.Globalization;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus;

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

    [Theory]
    [MemberData(nameof(Images))]
    public void DMA_through_the_silicon_lands_in_every_leaf_and_not_beside_it(string name)
    {
        using var image = new PageTableImage(name);
        var silicon = ImageSilicon.Start(image);
        var leaves = new Dictionary<(uint Stream, ulong Page), (ulong Output, bool Writable)>();
        foreach (var cells in image.Lines.Where(line => line[0] == 'M').Select(line => line.Split('\t')))
        {
            var permissions = int.Parse(cells[5], CultureInfo.InvariantCulture);
            leaves.Add((Convert.ToUInt32(cells[1], 16), Convert.ToUInt64(cells[3], 16)), (Convert.ToUInt64(cells[4], 16), (permissions & 2) != 0 != image.IsArm));
        }

        foreach (var ((stream, page), (output, writable)) in leaves)
        {
            Assert.Equal(output + 0x123, Send(silicon, stream, page + 0x123, DmaAccess.Read));
            Assert.Equal(writable ? output + 0x123 : null, Send(silicon, stream, page + 0x123, DmaAccess.Write));
            if (!leaves.ContainsKey((stream, page + 0x1000)))
                Assert.Null(Send(silicon, stream, page + 0x1000, DmaAccess.Read));
        }
    }

    private static ulong? Send(IIommu silicon, uint stream, ulong iova, DmaAccess access)
    {
        Span<DmaCompletion> completion = stackalloc DmaCompletion[1];
        silicon.Translate([new DmaRequest(new StreamId(stream), new Iova(iova), access)], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }
}
