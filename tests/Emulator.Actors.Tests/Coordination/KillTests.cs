using Emulator.Kill;

namespace Emulator.Actors.Tests.Coordination;

public sealed class KillTests
{
    [Fact]
    public async Task Five_kills_lose_and_double_nothing_and_unblock_nothing_too_early()
    {
        using var complaints = new StringWriter();
        var result = await KillParent.RunAsync(5, 1, complaints);
        Assert.True(result.Held, $"{result}\n{complaints}");
    }
}
