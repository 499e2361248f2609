using Emulator.Cli.Verify;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Tests.Verify;

public sealed class VectorTests
{
    private const int FailuresShown = 10;

    internal static readonly string Data = Repository.Path("tests", "data", "vectors");

    // Every recorded file with the number of vectors in it: a file that is lost or cut short fails.
    public static TheoryData<string, int> Files => new()
    {
        { "drivers/apple-dart.jsonl.gz", 80 },
        { "drivers/exynos.jsonl.gz", 320 },
        { "drivers/ipmmu-vmsa.jsonl.gz", 120 },
        { "pagetables/dart1-4k.6.12.jsonl.gz", 80 },
        { "pagetables/dart1-16k.6.12.jsonl.gz", 80 },
        { "pagetables/dart2-16k.6.12.jsonl.gz", 80 },
        { "pagetables/arm32-lpae-s1.6.1-diff.jsonl.gz", 24 },
        { "pagetables/arm32-lpae-s1.6.12.jsonl.gz", 80 },
        { "pagetables/arm32-lpae-s2.6.1-diff.jsonl.gz", 24 },
        { "pagetables/arm32-lpae-s2.6.12.jsonl.gz", 80 },
        { "drivers/arm-smmu.jsonl.gz", 160 },
        { "drivers/arm-smmu-v3.jsonl.gz", 120 },
        { "drivers/arm-smmu-v3-ste-6.12.jsonl.gz", 40 },
        { "pagetables/arm64-s1-16k.6.1-diff.jsonl.gz", 24 },
        { "pagetables/arm64-s1-16k.6.12.jsonl.gz", 80 },
        { "pagetables/arm64-s1-4k.6.1-diff.jsonl.gz", 24 },
        { "pagetables/arm64-s1-4k.6.12.jsonl.gz", 80 },
        { "pagetables/arm64-s1-64k.6.1-diff.jsonl.gz", 23 },
        { "pagetables/arm64-s1-64k.6.12.jsonl.gz", 80 },
        { "pagetables/arm64-s2-16k.6.1-diff.jsonl.gz", 24 },
        { "pagetables/arm64-s2-16k.6.12.jsonl.gz", 80 },
        { "pagetables/arm64-s2-4k.6.1-diff.jsonl.gz", 24 },
        { "pagetables/arm64-s2-4k.6.12.jsonl.gz", 80 },
        { "pagetables/arm64-s2-64k.6.1-diff.jsonl.gz", 24 },
        { "pagetables/arm64-s2-64k.6.12.jsonl.gz", 80 },
        { "pagetables/mali-lpae.6.1-diff.jsonl.gz", 23 },
        { "pagetables/mali-lpae.6.12.jsonl.gz", 80 },
        { "qemu/smmuv3-directed.jsonl.gz", 65 },
        { "qemu/smmuv3-random.jsonl.gz", 150 },
        { "qemu/smmuv3-sequence.jsonl.gz", 60 },
        { "pagetables/amd-v1.6.1-diff.jsonl.gz", 10 },
        { "pagetables/amd-v1.6.12.jsonl.gz", 80 },
        { "pagetables/amd-v2-4l.6.1-diff.jsonl.gz", 8 },
        { "pagetables/amd-v2-4l.6.12.jsonl.gz", 80 },
        { "pagetables/amd-v2-5l.6.12.jsonl.gz", 80 },
        { "qemu/amdvi-directed.jsonl.gz", 60 },
        { "qemu/amdvi-random.jsonl.gz", 150 },
        { "qemu/amdvi-sequence.jsonl.gz", 60 },
        { "drivers/amd.jsonl.gz", 120 },
        { "drivers/qcom_iommu.jsonl.gz", 40 },
        { "pagetables/vtd-fl.6.1-diff.jsonl.gz", 18 },
        { "pagetables/vtd-fl.6.12.jsonl.gz", 80 },
        { "pagetables/vtd-sl.6.1-diff.jsonl.gz", 24 },
        { "pagetables/vtd-sl.6.12.jsonl.gz", 80 },
        { "drivers/intel.jsonl.gz", 120 },
        { "pagetables/v7s.6.12.jsonl.gz", 80 },
        { "pagetables/v7s-noperms.6.12.jsonl.gz", 80 },
        { "pagetables/v7s-mtk-ext.6.12.jsonl.gz", 80 },
        { "pagetables/v7s-mtk-ttbrext.6.12.jsonl.gz", 80 },
        { "pagetables/v7s-mtk-34.6.12.jsonl.gz", 80 },
        { "drivers/mtk_v1.jsonl.gz", 40 },
        { "drivers/mtk.jsonl.gz", 160 },
        { "drivers/msm.jsonl.gz", 40 },
        { "drivers/rockchip.jsonl.gz", 120 },
        { "drivers/s390.jsonl.gz", 80 },
        { "drivers/sprd.jsonl.gz", 80 },
        { "drivers/sun50i.jsonl.gz", 40 },
        { "drivers/fsl_pamu.jsonl.gz", 40 },
        { "drivers/tegra-gart.jsonl.gz", 82 },
        { "drivers/tegra-smmu.jsonl.gz", 120 },
        { "drivers/omap.jsonl.gz", 120 },
        { "qemu/vtd-directed.jsonl.gz", 68 },
        { "qemu/vtd-qi-sequence.jsonl.gz", 20 },
        { "qemu/vtd-random.jsonl.gz", 150 },
        { "qemu/vtd-sequence.jsonl.gz", 60 },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Models_agree_with_every_recorded_vector(string file, int vectors)
    {
        var result = VectorVerifier.Verify(Path.Combine(Data, file), new VerifyOptions());

        Assert.True(result.Failed == 0 && result.Skipped == 0, Describe(result));
        Assert.Equal(vectors, result.Passed);
    }

    // Random lives of two devices and two domains, with the invalidations that were sent and those that were not.
    public static TheoryData<string, int> Sequences => new()
    {
        { "qemu/smmuv3-sequence.jsonl.gz", 60 },
        { "qemu/vtd-directed.jsonl.gz", 68 },
        { "qemu/vtd-qi-sequence.jsonl.gz", 20 },
        { "qemu/vtd-random.jsonl.gz", 150 },
        { "qemu/vtd-sequence.jsonl.gz", 60 },
        { "qemu/amdvi-sequence.jsonl.gz", 60 },
    };

    [Theory]
    [MemberData(nameof(Sequences))]
    public void With_an_unbounded_IOTLB_stale_answers_appear_exactly_where_they_were_recorded(string file, int vectors)
    {
        var result = VectorVerifier.Verify(Path.Combine(Data, file), new VerifyOptions { Iotlb = IotlbGeometry.WithoutLimit });

        Assert.True(result.Failed == 0 && result.Skipped == 0, Describe(result));
        Assert.Equal(vectors, result.Passed);
    }

    private static string Describe(FileResult result)
    {
        var lines = result.Failures.Take(FailuresShown).Select(f => $"{f.Id} step {f.Step}: expected {f.Expected}, got {f.Actual}").Concat(result.SkipReasons);
        return $"{result.Failed} failed, {result.Skipped} skipped of {result.Vectors}:{Environment.NewLine}{string.Join(Environment.NewLine, lines)}";
    }
}
