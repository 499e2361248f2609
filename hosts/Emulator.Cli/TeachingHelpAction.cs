using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Emulator.Cli;

/// <summary>The help of a command, followed by what it explains of itself and by its examples.</summary>
internal sealed class TeachingHelpAction(HelpAction usage) : SynchronousCommandLineAction
{
    private const string RootExplanation =
        """
        It models IOMMUs down to registers and table bits, runs the Linux driver sequences that program them, and shows what a DMA does
        before, during and after each change of ownership.

        Start here:
          emulator run                      a DMA workload on four emulated hosts, devices changing owners under load
          emulator survey                   where DMA goes on every IOMMU before, during and after a detach
          emulator survey --explain amd     the same for one IOMMU, register write by register write

        Exit codes: 0 everything held, 1 a check failed (violations, mismatches), 2 bad input (one line on standard error says where and why).
        """;

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var result = usage.Invoke(parseResult);
        var explanation = parseResult.CommandResult.Command switch
        {
            ReportCommand command => command.Explanation,
            RootCommand => RootExplanation,
            var group => $"'emulator {group.Name} COMMAND --help' explains a command.",
        };
        parseResult.InvocationConfiguration.Output.WriteLine(explanation);
        return result;
    }
}
