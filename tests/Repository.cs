namespace Emulator.Tests;

/// <summary>The files of the repository that tests read: found from where the tests run, as a build on a server hides where they were compiled.</summary>
internal static class Repository
{
    /// <summary>The path of a file or folder.</summary>
    /// <param name="parts">Its path from the repository's top.</param>
    public static string Path(params ReadOnlySpan<string> parts)
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory != null; directory = directory.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(directory.FullName, "Emulator.sln")))
                return System.IO.Path.Combine([directory.FullName, .. parts]);
        }

        throw new DirectoryNotFoundException($"no Emulator.sln above {AppContext.BaseDirectory}");
    }
}
