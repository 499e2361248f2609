namespace Emulator.Kill;

/// <summary>What many kills have shown.</summary>
/// <param name="Kills">Kills.</param>
/// <param name="Acknowledged">Changes that were acknowledged.</param>
/// <param name="Lost">Acknowledged changes that the journal, or a later answer, did not have as acknowledged; and programs that could not go on from the journal.</param>
/// <param name="Doubled">Changes that were decided or ended twice, and epochs that did not grow.</param>
/// <param name="Early">Groups that were not blocked from the start until their journalled owner was restored, and DMA that got through where it should not.</param>
public sealed record KillResult(int Kills, int Acknowledged, int Lost, int Doubled, int Early)
{
    /// <summary>Whether nothing was wrong, and something was tried.</summary>
    public bool Held => Acknowledged > 0 && Lost + Doubled + Early == 0;

    /// <inheritdoc/>
    public override string ToString() => $"{Kills} kills, {Lost} lost, {Doubled} doubled, {Early} unblocked too early ({Acknowledged} changes acknowledged)";
}
