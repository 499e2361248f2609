using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Registers;

namespace Emulator.Cli.Survey.Pages;

/// <summary>What can be read off the model of one IOMMU and its survey, as Markdown tables.</summary>
internal static partial class IommuTables
{
    private static readonly KernelVersion[] Kernels = [KernelVersion.Linux61, KernelVersion.Linux612];

    /// <summary>The tables of one IOMMU.</summary>
    public static string Of(IommuRoom room, IReadOnlyList<SurveyCase> cases)
    {
        var text = new StringBuilder();
        Heading(text, "Answers");
        Answers(text, cases);
        Heading(text, "Variants and page tables");
        Variants(text, room);
        Heading(text, "Domains");
        Domains(text, room);
        Heading(text, "Registers modelled");
        Registers(text, room);
        Heading(text, "Features");
        SurveyMarkdown.Table(
            text,
            ["feature", "modelled", "remark"],
            room.Features.Select(feature => (string[])[SurveyMarkdown.Escape(feature.Name), feature.IsModelled ? "yes" : "no", SurveyMarkdown.Escape(feature.Remark)]));
        Heading(text, "What no source states, and the model chose");
        foreach (var choice in room.ModelChoices)
            text.Append("- ").Append(SurveyMarkdown.Escape(choice)).Append('\n');
        return text.ToString();
    }

    private static void Heading(StringBuilder text, string title) => text.Append(text.Length > 0 ? "\n" : "").Append("## ").Append(title).Append("\n\n");

    private static void Answers(StringBuilder text, IReadOnlyList<SurveyCase> cases) => SurveyMarkdown.Table(
        text,
        ["variant", "kernel", "strategy", "after it", "recorded", "leaks"],
        cases.Where(survey => survey.Points.Count > 0).Select(survey => (string[])
        [
            survey.Variant,
            SurveyText.Of(survey.Kernel),
            SurveyText.Of(survey.Strategy),
            SurveyMatrixRow.Answer(survey),
            SurveyMarkdown.Escape(SurveyMatrixRow.Recorded(survey)),
            survey.Leaks.Count == 0 ? "none" : string.Join("<br>", survey.Leaks.Select(leak => SurveyMarkdown.Escape(SurveyText.Of(leak)))),
        ]));

    private static void Variants(StringBuilder text, IommuRoom room) => SurveyMarkdown.Table(
        text,
        ["variant", "Linux 6.1", "Linux 6.12", "input bits", "page sizes", "addresses that can be mapped"],
        room.Variants.Select(variant => (string[])[variant, .. Kernels.Select(kernel => room.Supports(variant, kernel) ? "driver" : "no driver"), .. Paging(room, variant)]));

    private static string[] Paging(IommuRoom room, string variant)
    {
        using var platform = Probed(room, variant, Newest(room, variant), out var device);
        var domain = platform.Driver.AllocateDomain(DomainType.Unmanaged);
        platform.Driver.Finalise(domain, device);
        var geometry = domain.Geometry == DomainGeometry.All ? "all" : $"0x{domain.Geometry.First:x} to 0x{domain.Geometry.Last:x}";
        return domain.PageTable is { } table ? [$"{table.InputBits}", Sizes(table.PageSizeBitmap), geometry] : ["-", "no table in memory", geometry];
    }

    private static string Sizes(ulong bitmap)
    {
        var sizes = new List<string>();
        for (var rest = bitmap; rest != 0; rest &= rest - 1)
        {
            var shift = BitOperations.TrailingZeroCount(rest);
            sizes.Add($"{1UL << (shift % 10)} {(shift / 10) switch { 0 => "bytes", 1 => "KiB", 2 => "MiB", 3 => "GiB", 4 => "TiB", _ => "PiB" }}");
        }

        return string.Join(", ", sizes);
    }

    private static void Domains(StringBuilder text, IommuRoom room) => SurveyMarkdown.Table(
        text,
        ["domain type", "Linux 6.1", "Linux 6.12"],
        // The core makes the platform's domain itself, and only iommufd asks for nested ones.
        Enum.GetValues<DomainType>().Where(type => type is not (DomainType.Platform or DomainType.Nested))
            .Select(type => (string[])[$"{type}", .. Kernels.Select(kernel => Offers(room, kernel, type))]));

    private static string Offers(IommuRoom room, KernelVersion kernel, DomainType type)
    {
        if (room.Variants.FirstOrDefault(variant => room.Supports(variant, kernel)) is not { } variant)
            return "no driver";
        using var platform = Probed(room, variant, kernel, out _);
        if (type == DomainType.Blocked && platform.Driver.HasNativeBlocking)
            return "yes";
        try
        {
            platform.Driver.AllocateDomain(type);
            return "yes";
        }
        catch (DriverException refusal)
        {
            return $"-{refusal.Errno}";
        }
    }

    private static void Registers(StringBuilder text, IommuRoom room)
    {
        using var platform = Probed(room, room.Variants[0], Newest(room, room.Variants[0]), out _);
        foreach (var unit in platform.Bus.Units.DistinctBy(unit => Shape(unit.Registers)))
        {
            if (platform.Bus.Units.Count > 1)
                text.Append($"Instance `{unit.Name}`:\n\n");
            SurveyMarkdown.Table(
                text,
                ["offset", "register", "bytes", "access", "reset", "fields"],
                unit.Registers.Registers.GroupBy(register => Family(register.Name)).Select(group => Row([.. group])));
            text.Append('\n');
        }
    }

    private static string[] Row(IReadOnlyList<Register> family)
    {
        var first = family[0];
        var offset = family.Count == 1 ? $"0x{first.Offset:x}" : $"0x{first.Offset:x} + n * 0x{family[1].Offset - first.Offset:x}, {family.Count} of them";
        var name = family.Count == 1 ? first.Name : Family(first.Name);
        return [offset, $"`{name}`", $"{first.Width}", $"{first.Access}", $"0x{first.Reset:x}", SurveyMarkdown.Escape(first.Fields)];
    }

    private static string Shape(RegisterFile file) => string.Join(' ', file.Registers.Select(register => $"{register.Offset}{register.Name}"));

    private static string Family(string name) => Index().Replace(name, "[n]");

    // Registers and tables are as the newest kernel that drives the variant leaves them after its probe.
    private static KernelVersion Newest(IommuRoom room, string variant) => Kernels.Last(kernel => room.Supports(variant, kernel));

    private static Platform Probed(IommuRoom room, string variant, KernelVersion kernel, out DmaDevice device)
    {
        var platform = room.Create(new PlatformOptions { Kernel = kernel, Variant = variant });
        platform.Bus.Run(platform.Driver.Probe());
        device = platform.Device(0);
        platform.Bus.Run(platform.Driver.ProbeDevice(device));
        return platform;
    }

    [GeneratedRegex(@"\[[0-9]+\]", RegexOptions.NonBacktracking)]
    private static partial Regex Index();
}
