namespace Emulator.Cli.Survey.Pages;

/// <summary>The part of a page between two marks that a command writes; what is around it is written by people.</summary>
/// <param name="Name">The marks' name: the part lies between <c>&lt;!-- name --&gt;</c> and <c>&lt;!-- /name --&gt;</c>, each on a line of its own.</param>
internal sealed record GeneratedSection(string Name)
{
    private string Start => $"<!-- {Name} -->\n";

    private string End => $"<!-- /{Name} -->";

    /// <summary>A page that has nothing but a title and the empty part.</summary>
    public string EmptyPage(string title) => $"# {title}\n\n{Start}{End}\n";

    /// <summary>Puts new content between the marks.</summary>
    /// <exception cref="BadInputException">The page lacks the marks.</exception>
    public string Replace(string page, string content, string file)
    {
        var start = page.IndexOf(Start, StringComparison.Ordinal);
        var end = page.IndexOf(End, StringComparison.Ordinal);
        if (start < 0 || end < start)
            throw new BadInputException($"{file}: the marks <!-- {Name} --> and <!-- /{Name} --> are not there, each on a line of its own");
        return $"{page[..(start + Start.Length)]}\n{content.TrimEnd()}\n\n{page[end..]}";
    }
}
