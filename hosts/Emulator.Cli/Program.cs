using Emulator.Cli;

return await EmulatorCommand.InvokeAsync(args, Console.Out, Console.Error);
