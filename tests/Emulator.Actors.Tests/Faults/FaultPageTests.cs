using Emulator.Actors.Faults;
using Emulator.Actors.Isolation;

namespace Emulator.Actors.Tests.Faults;

/// <summary>docs/FAULTS.md says what the catalogue says.</summary>
public sealed class FaultPageTests
{
    [Fact]
    public void The_page_has_each_fault_as_the_catalogue_has_it()
    {
        var page = File.ReadAllText(Repository.Path("docs", "FAULTS.md"));
        Assert.All(FaultCatalog.All, fault => Assert.Contains(RowOf(fault), page, StringComparison.Ordinal));
        Assert.Equal(FaultCatalog.All.Count, page.Split('\n').Count(line => line.StartsWith("| `", StringComparison.Ordinal)));
    }

    private static string RowOf(FaultDescription fault)
    {
        var varies = new[] { fault.Parts, fault.Counts, fault.HasDuration ? "duration" : "" }.Where(word => word.Length > 0);
        return $"| `{fault.Name}` | {fault.Summary} | {string.Join(", ", varies)} | {(fault.Explains == ViolationKinds.None ? "nothing" : $"{fault.Explains}")} |";
    }
}
