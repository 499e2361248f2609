namespace Emulator.Hardware.Drivers;

/// <summary>Sequences made of sequences.</summary>
public static class DriverSequence
{
    /// <summary>One after the other. The first that fails ends the whole; other results are dropped.</summary>
    public static IEnumerable<DriverStep> InTurn(IEnumerable<IEnumerable<DriverStep>> sequences)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        foreach (var sequence in sequences)
        {
            foreach (var step in sequence)
            {
                if (step.Kind != DriverStepKind.Return)
                {
                    yield return step;
                    continue;
                }

                if (step.Result < 0)
                {
                    yield return step;
                    yield break;
                }

                break;
            }
        }
    }
}
