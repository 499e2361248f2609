using System.CommandLine;

namespace Emulator.Cli.Validate;

/// <summary><c>emulator validate</c>: models against measurements. A new kind of measurement is a subcommand.</summary>
public sealed class ValidateCommand : Command
{
    /// <summary>Makes the command.</summary>
    public ValidateCommand()
        : base("validate", "Holds the models against measurements of real hardware") => Subcommands.Add(new PcieBenchCommand());
}
