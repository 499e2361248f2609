using Emulator.Hardware.Devices;

namespace Emulator.Cli.Run.Fio;

/// <summary>Reads fio's job files: sections of options, of which <c>[global]</c> ones set the defaults of those below them. <c>docs/WORKLOADS.md</c> says what is taken from them.</summary>
public static class FioJobFile
{
    private const string Global = "global";

    /// <summary>Reads a file.</summary>
    /// <returns>A queue for each job.</returns>
    /// <exception cref="BadInputException">It is missing or wrong; the message names file, line, option and reason.</exception>
    public static IReadOnlyList<NvmeQueue> ReadFile(string path)
    {
        using var reader = YamlFields.OpenText(path);
        return Read(path, reader);
    }

    /// <summary>Reads a job file.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="reader">Its text.</param>
    /// <returns>A queue for each job.</returns>
    /// <exception cref="BadInputException">It is wrong; the message names file, line, option and reason.</exception>
    public static IReadOnlyList<NvmeQueue> Read(string file, TextReader reader)
    {
        var queues = new List<NvmeQueue>();
        var (globals, section, stage) = (new FioSection(), new FioSection(), 0);
        FioOption? header = null;
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            if (OptionOf(file, number, line) is not { } option)
                continue;
            if (option.Name[0] == '[')
            {
                Close();
                header = option with { Name = option.Name[^1] == ']' ? option.Name.Trim('[', ']', ' ') : throw option.Refuse("a section's name ends with ]") };
                section = globals;
            }
            else
            {
                section = header != null ? section.With(option) : throw option.Refuse("stands before the first section");
            }
        }

        Close();
        return queues.Count > 0 ? queues : throw new BadInputException($"{file}:1: has no section but [{Global}]: there is nothing to do");

        void Close()
        {
            if (header is { Name: Global })
                globals = section;
            if (header is null or { Name: Global })
                return;
            if (section.Stonewall && queues.Count > 0)
                stage++;
            queues.AddRange(Enumerable.Repeat(section.ToQueue(header, stage), section.Jobs));
            if (queues.Count > NvmeDrive.MaxQueues)
                throw header.Refuse($"with this section there are {queues.Count} jobs, the drive has {NvmeDrive.MaxQueues} queues");
        }
    }

    // Comments begin with ; or #, behind a value as well, as fio has it.
    private static FioOption? OptionOf(string file, int number, string line)
    {
        var text = line.AsSpan();
        if (text.IndexOfAny(';', '#') is var comment and >= 0)
            text = text[..comment];
        text = text.Trim();
        if (text.IsEmpty)
            return null;
        var split = text[0] == '[' ? -1 : text.IndexOf('=');
        return split < 0
            ? new FioOption(file, number, text.ToString(), "")
            : split > 0 ? new FioOption(file, number, text[..split].TrimEnd().ToString(), text[(split + 1)..].TrimStart().ToString()) : throw new BadInputException($"{file}:{number}: a line without a name");
    }
}
