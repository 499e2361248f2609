using System.IO.Compression;
using System.Text.Json.Nodes;
using Emulator.Cli.Verify;

namespace Emulator.Cli.Tests.Verify;

/// <summary>A recorded life of a DART with one thing in it changed no longer agrees with the driver: every part of a record counts.</summary>
public sealed class RecordedLifeTests
{
    private static readonly string Life = FirstLife();

    public static TheoryData<string> Changes =>
    [
        "value written", "value of TTBR read", "offset", "block", "access left out", "access added", "order of accesses", "word of memory", "word too early",
        "word left out", "allocation left out", "allocation added", "result", "final memory", "probe",
    ];

    [Fact]
    public void A_life_as_it_was_recorded_agrees() => Assert.Equal(1, Verify(JsonNode.Parse(Life)!).Passed);

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_life_with_one_change_disagrees(string change)
    {
        var life = JsonNode.Parse(Life)!;
        Change(life, change);

        var result = Verify(life);

        Assert.Equal(1, result.Failed);
        Assert.NotEmpty(result.Failures);
    }

    private static void Change(JsonNode life, string change)
    {
        var steps = life["steps"]!.AsArray();
        var attach = First(steps, "attach", step => Array(step, "pages").Count > 0);
        var map = First(steps, "map", step => Array(step, "mem").Count > 1 && Array(step, "mmio").Count > 3);
        var mmio = Array(attach, "mmio");
        switch (change)
        {
            case "value written":
                mmio[0]![2] = "0x1";
                break;
            case "value of TTBR read":
                Array(First(steps, "pm_suspend", _ => true), "mmio")[1]![2] = "0x77";
                break;
            case "offset":
                mmio[0]![1] = "0x2fc";
                break;
            case "block":
                mmio[0]!.AsArray().Add("dart1");
                break;
            case "access left out":
                mmio.RemoveAt(mmio.Count - 1);
                break;
            case "access added":
                mmio.Add(mmio[^1]!.DeepClone());
                break;
            case "order of accesses":
                var first = mmio[0]!;
                mmio.RemoveAt(0);
                mmio.Insert(1, first);
                break;
            case "word of memory":
                Array(map, "mem")[0]![1] = "0x5";
                break;
            case "word too early":
                Array(map, "mem")[0]![3] = 2;
                break;
            case "word left out":
                Array(map, "mem").RemoveAt(0);
                break;
            case "allocation left out":
                attach.AsObject().Remove("pages");
                break;
            case "allocation added":
                Array(attach, "pages").Add(new JsonArray("alloc", "0x100000", 16384, 0));
                break;
            case "result":
                attach["ret"] = -22;
                break;
            case "final memory":
                Array(life, "memory").RemoveAt(0);
                break;
            case "probe":
                Array(life, "probes")[0]!["pa"] = "0x1234";
                break;
            default:
                throw new ArgumentException($"no change is called '{change}'", nameof(change));
        }
    }

    private static JsonNode First(JsonArray steps, string name, Func<JsonNode, bool> suits) => steps.First(step => (string?)step!["step"] == name && suits(step))!;

    private static JsonArray Array(JsonNode node, string name) => node[name]?.AsArray() ?? [];

    private static FileResult Verify(JsonNode life)
    {
        using var file = new TemporaryFile(".jsonl", life.ToJsonString());
        return VectorVerifier.Verify(file.Path, new VerifyOptions());
    }

    private static string FirstLife()
    {
        using var file = File.OpenRead(Path.Combine(VectorTests.Data, "drivers", "apple-dart.jsonl.gz"));
        using var reader = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        return reader.ReadLine()!;
    }
}
