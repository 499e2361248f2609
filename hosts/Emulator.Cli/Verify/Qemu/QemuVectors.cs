using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.Qemu;

/// <summary>
/// Cases recorded from QEMU's IOMMU models: memory and register writes, then DMAs. Our silicon without caches must give the answer of the
/// record's reference walker (<c>spec</c>); with an unbounded IOTLB it must give the answer of the record's model that keeps everything until it
/// is invalidated (<c>cached</c>, in the sequences).
/// </summary>
public sealed class QemuVectors : IVectorKind
{
    private static readonly Dictionary<string, QemuModel> Models = new(StringComparer.Ordinal)
    {
        ["smmuv3"] = QemuSmmuV3.Model,
        ["amdvi"] = AmdViModel.Model,
        ["vtd"] = VtdModel.Model,
    };

    /// <inheritdoc/>
    public string Name => "qemu";

    /// <inheritdoc/>
    public bool Recognises(JsonElement vector) => vector.TryGetProperty("model", out _) && vector.TryGetProperty("case", out _);

    /// <inheritdoc/>
    public string Identify(JsonElement vector) => vector.Text("case");

    /// <inheritdoc/>
    public void Run(JsonElement vector, VectorRun run)
    {
        if (!Models.TryGetValue(vector.Text("model"), out var model))
        {
            run.Skip($"no model of {vector.Text("model")}");
            return;
        }

        Run(vector, model, IotlbGeometry.WithoutCaching, "spec", run);
        if (run.Options.Iotlb.Unbounded)
            Run(vector, model, run.Options.Iotlb, "cached", run);
    }

    private static void Run(JsonElement vector, QemuModel model, IotlbGeometry iotlb, string answer, VectorRun run)
    {
        using var memory = new PhysicalMemory(model.Ram);
        var silicon = model.Build(vector, memory, iotlb);
        foreach (var (step, index) in vector.Items("steps").Select((step, index) => (step, index)))
        {
            run.Step = index;
            switch (step.Text("op"))
            {
                case "mem":
                    foreach (var word in step.Items("q"))
                        memory.Write64(word[0].Word(), word[1].Word());
                    break;
                case "reg":
                    silicon.Registers.Write(step.Word("off"), (int)step.Word("size"), step.Word("val"));
                    break;
                case "dma":
                    var dma = Dma(step, silicon);
                    if (step.TryGetProperty(answer, out var expected))
                        run.Check($"{answer} of {step.Text("dir")} 0x{step.Word("iova"):x} by {step.Word("bdf"):x}", Expected(expected, step), dma);
                    break;
            }
        }

        run.Step = null;
    }

    // The outcome in words: where each part of the transfer landed, or "blocked" as soon as a part did not.
    private static string Dma(JsonElement step, IIommu silicon)
    {
        var access = step.Text("dir") == "write" ? DmaAccess.Write : DmaAccess.Read;
        var first = new DmaRequest(new StreamId((uint)step.Word("bdf")), new Iova(step.Word("iova")), access);
        var length = (int)step.Word("len");
        var requests = new DmaRequest[DmaTransfer.CountRequests(first.Iova, length)];
        var completions = new DmaCompletion[requests.Length];
        DmaTransfer.Split(first, length, requests);
        silicon.Translate(requests, completions);
        return string.Join(' ', completions.Select(c => c.Status == DmaStatus.Completed ? $"{c.Address}" : "blocked"));
    }

    // The answer speaks of the first part; where a transfer was split, the record's own segments say where the other parts landed.
    private static string Expected(JsonElement answer, JsonElement step)
    {
        var first = answer.Text("outcome") == "ok" ? $"0x{answer.Word("pa"):x}" : "blocked";
        var parts = new string[DmaTransfer.CountRequests(new Iova(step.Word("iova")), (int)step.Word("len"))];
        Array.Fill(parts, "blocked");
        foreach (var (segment, index) in step.Items("segments").Select((segment, index) => (segment, index)))
            parts[index] = $"0x{segment[1].Word():x}";
        parts[0] = first;
        return string.Join(' ', parts);
    }
}
