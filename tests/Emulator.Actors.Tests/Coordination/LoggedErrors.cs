using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Emulator.Actors.Tests.Coordination;

/// <summary>Keeps what a program logs as an error.</summary>
internal sealed class LoggedErrors : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _errors = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            _errors.Enqueue($"{formatter(state, exception)} {exception}");
    }

    /// <summary>Waits for an error with this in it.</summary>
    public async Task UntilAsync(string text)
    {
        for (var patience = 2000; !_errors.Any(error => error.Contains(text, StringComparison.Ordinal)); patience--)
        {
            Assert.True(patience > 0, $"no error with '{text}' among: {string.Join('\n', _errors)}");
            await Task.Delay(10);
        }
    }

    public void Dispose()
    {
    }
}
