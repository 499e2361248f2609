using System.Diagnostics;

namespace Emulator.Kill;

/// <summary>Starts the child, kills it at a random moment, and holds what it has said against the journal and against what its successors say.</summary>
public static class KillParent
{
    private const int AskedAgain = 24;
    private const int KilledExitCode = 128 + 9;

    /// <summary>Kills, and checks after each kill.</summary>
    /// <param name="kills">How many times.</param>
    /// <param name="seed">Of the moments; the same seed need not hit the same instruction.</param>
    /// <param name="complaints">Where each thing that is wrong is told.</param>
    public static async Task<KillResult> RunAsync(int kills, int seed, TextWriter complaints)
    {
        ArgumentNullException.ThrowIfNull(complaints);
        var folder = Directory.CreateTempSubdirectory("emulator-kill-");
        try
        {
            var random = new Random(seed);
            var journal = new JournalReading(Path.Combine(folder.FullName, "ownership.db"));
            var result = new KillResult(kills, 0, 0, 0, 0);
            var asked = new List<KillLine>();
            var startUp = TimeSpan.FromSeconds(1);
            for (var run = 0; run < kills; run++)
            {
                var (lines, readyAfter) = await RunChildAsync(folder, run, asked, random, startUp);
                startUp = readyAfter ?? startUp;
                result = Judge(result, lines, journal, complaints, run);
                asked = [.. asked.Concat(lines.Where(line => line.Word == KillLine.Ask)).DistinctBy(line => line.Id).TakeLast(AskedAgain)];
            }

            return result;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<(List<KillLine> Lines, TimeSpan? ReadyAfter)> RunChildAsync(
        DirectoryInfo folder, int run, List<KillLine> asked, Random random, TimeSpan startUp)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(KillParent).Assembly.Location, "--child", Path.Combine(folder.FullName, "ownership.db"), "--run", $"{run}"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var started = Stopwatch.GetTimestamp();
        using var child = Process.Start(start)!;
        foreach (var line in asked)
            await child.StandardInput.WriteLineAsync(line.ToString());
        child.StandardInput.Close();

        var lines = new List<KillLine>();
        var ready = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        var acknowledging = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = ReadAsync();

        // One in four in mid start-up, one while owners are being restored, two among changes; the first among changes, so that there is something to lose.
        var moment = run == 0 ? 3 : random.Next(4);
        if (moment == 0)
            await Task.Delay(startUp * random.NextDouble());
        else if (await Task.WhenAny(moment == 1 ? ready.Task : acknowledging.Task, reading) != reading)
            await Task.Delay(random.Next(300));
        child.Kill();
        await child.WaitForExitAsync();
        await reading;
        if (child.ExitCode != KilledExitCode)
            lines.Add(new KillLine(KillLine.Ended, "-", -1, 0, child.ExitCode));
        return (lines, ready.Task.IsCompletedSuccessfully ? await ready.Task : null);

        async Task ReadAsync()
        {
            while (await child.StandardOutput.ReadLineAsync() is { } text)
            {
                if (!KillLine.TryParse(text, out var line))
                    continue;
                if (line.Word == KillLine.Ready)
                    ready.TrySetResult(Stopwatch.GetElapsedTime(started));
                if (line.Word is KillLine.Completed or KillLine.Failed)
                    acknowledging.TrySetResult();
                lines.Add(line);
            }
        }
    }

    private static KillResult Judge(KillResult result, List<KillLine> lines, JournalReading journal, TextWriter complaints, int run)
    {
        // The first attaches, against the journal as the child found it.
        var (lost, early) = (0, 0);
        foreach (var line in lines)
        {
            var wrong = line.Word == KillLine.Early || (line.Word == KillLine.First && (IsEarly(line, journal) || line.Epoch <= journal.Epochs[line.Group]));
            early += Complain(wrong, line);
            lost += Complain(line.Word == KillLine.Ended, line);
        }

        var doubled = journal.Read();
        Complain(doubled > 0, doubled);
        var places = new long[KillChild.Groups];
        var acknowledged = 0;
        foreach (var line in lines.Where(line => line.Word is KillLine.Completed or KillLine.Failed))
        {
            acknowledged++;
            var found = journal.Ended.TryGetValue(line.Id, out var ended);
            var said = (line.Group, line.Tenant, line.Epoch, line.Word == KillLine.Completed);
            lost += Complain(!found || (ended.Group, ended.Tenant, ended.Epoch, ended.Completed) != said, line);
            // What is asked for again is acknowledged again, in any order.
            if (!line.Id.StartsWith($"{run}-", StringComparison.Ordinal))
                continue;
            lost += Complain(ended.Place <= places[line.Group], line);
            places[line.Group] = ended.Place;
        }

        return new KillResult(result.Kills, result.Acknowledged + acknowledged, result.Lost + lost, result.Doubled + doubled, result.Early + early);

        int Complain(bool wrong, object what)
        {
            if (wrong)
                complaints.WriteLine($"run {run}: {what}");
            return wrong ? 1 : 0;
        }
    }

    // A group without an owner is attached first by a change of this run.
    private static bool IsEarly(KillLine first, JournalReading journal) => journal.ToRestore(first.Group) is var owner and not 0 && first.Tenant != owner;
}
