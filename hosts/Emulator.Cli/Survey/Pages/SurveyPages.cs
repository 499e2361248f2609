namespace Emulator.Cli.Survey.Pages;

/// <summary>The pages of the documentation that hold survey results: <c>SURVEY.md</c> and <c>iommus/NAME.md</c>.</summary>
public static class SurveyPages
{
    private static readonly GeneratedSection Survey = new("survey");
    private static readonly GeneratedSection Tables = new("tables");

    /// <summary>Brings the pages up to date.</summary>
    /// <param name="folder">The documentation's folder.</param>
    /// <param name="cases">A whole survey.</param>
    /// <param name="write">False: only find out what would change.</param>
    /// <returns>The files that changed or would.</returns>
    /// <exception cref="BadInputException">The folder is not there, or a page has lost its marks.</exception>
    public static IReadOnlyList<string> Update(string folder, IReadOnlyList<SurveyCase> cases, bool write)
    {
        if (!Directory.Exists(folder))
            throw new BadInputException($"--docs: there is no folder '{folder}'");
        var changed = new List<string>();
        Update(Path.Combine(folder, "SURVEY.md"), Survey, "The survey", SurveyMarkdown.Matrix(cases));
        foreach (var room in cases.Select(survey => survey.Room).Distinct())
            Update(Path.Combine(folder, "iommus", $"{room.Name}.md"), Tables, $"{room.Name}: {room.Title}", IommuTables.Of(room, [.. cases.Where(survey => survey.Room.Name == room.Name)]));
        return changed;

        void Update(string file, GeneratedSection section, string title, string content)
        {
            var exists = File.Exists(file);
            var before = exists ? File.ReadAllText(file) : section.EmptyPage(title);
            var after = section.Replace(before, content, file);
            if (exists && after == before)
                return;
            changed.Add(file);
            if (!write)
                return;
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, after);
        }
    }
}
