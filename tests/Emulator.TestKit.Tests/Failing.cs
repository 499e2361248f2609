using Xunit.Sdk;

namespace Emulator.TestKit.Tests;

/// <summary>What fails, and what its message says.</summary>
internal static class Failing
{
    public static void Says(Action expectation, string message) => Assert.Contains(message, Assert.ThrowsAny<XunitException>(expectation).Message, StringComparison.Ordinal);

    public static Task Says(Func<Task> expectation, params string[] messages) => Says<XunitException>(expectation, messages);

    public static async Task Says<T>(Func<Task> expectation, params string[] messages)
        where T : Exception
    {
        var message = (await Assert.ThrowsAnyAsync<T>(expectation)).Message;
        Assert.All(messages, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }
}
