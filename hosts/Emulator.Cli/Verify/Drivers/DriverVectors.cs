using System.Text.Json;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Vectors of the kernel's driver code: lives of an IOMMU whose register accesses and table words are compared one by one.</summary>
public sealed class DriverVectors : IVectorKind
{
    // By the IOMMU's name: runs one life.
    private static readonly Dictionary<string, Action<JsonElement, VectorRun>> Lives = new(StringComparer.Ordinal)
    {
        ["apple-dart"] = AppleDartLives.Run,
        ["exynos"] = ExynosLives.Run,
        ["ipmmu-vmsa"] = IpmmuVmsaLives.Run,
        ["arm-smmu"] = ArmSmmuLives.Run,
        ["arm-smmu-v3"] = ArmSmmuV3Lives.Run,
        ["mtk_v1"] = MtkV1Lives.Run,
        ["mtk"] = MtkLives.Run,
        ["msm"] = MsmLives.Run,
        ["rockchip"] = RockchipLives.Run,
        ["sprd"] = SprdLives.Run,
        ["sun50i"] = Sun50iLives.Run,
        ["amd"] = AmdLives.Run,
        ["qcom_iommu"] = QcomIommuLives.Run,
        ["intel"] = IntelLives.Run,
        ["omap"] = OmapLives.Run,
        ["s390"] = S390Lives.Run,
        ["fsl_pamu"] = FslPamuLives.Run,
        ["tegra-gart"] = TegraGartLives.Run,
        ["tegra-smmu"] = TegraSmmuLives.Run,
    };

    /// <inheritdoc/>
    public string Name => "driver";

    /// <inheritdoc/>
    public bool Recognises(JsonElement vector) => vector.TryGetProperty("iommu", out _) && vector.TryGetProperty("steps", out _);

    /// <inheritdoc/>
    public string Identify(JsonElement vector) => $"{vector.Text("iommu")} {vector.Text("variant")} {vector.Text("kernel")} seed {vector.Word("seed")}";

    /// <inheritdoc/>
    public void Run(JsonElement vector, VectorRun run)
    {
        if (Lives.TryGetValue(vector.Text("iommu"), out var live))
            live(vector, run);
        else
            run.Skip($"no driver of {vector.Text("iommu")} is modelled");
    }
}
