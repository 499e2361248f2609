using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Faults;

/// <summary>What goes wrong between a driver and the silicon: writes that are lost, that wait, or that the next one overtakes. Reads and barriers are never touched; they
/// bring an overtaken write to its place first, as on a bus.</summary>
public sealed class BusFaults
{
    private readonly Queue<DriverStep> _held = [];
    private DriverStep? _overtaken;

    /// <summary>Register writes still to be lost; at least 0.</summary>
    public int RegisterWritesToLose { get; set; }

    /// <summary>Writes that the next write of the same driver still overtakes; at least 0.</summary>
    public int WritesToSwap { get; set; }

    /// <summary>Whether the silicon takes no register write: they wait in line for <see cref="Release"/>.</summary>
    public bool IsStuck { get; set; }

    /// <summary>Register writes that wait.</summary>
    public int Held => _held.Count;

    /// <summary>Decides about a step before it takes place.</summary>
    /// <param name="step">The step.</param>
    /// <param name="perform">Performs a step.</param>
    /// <returns>Whether the step was dealt with: it must not be performed now.</returns>
    internal bool Takes(DriverStep step, Action<DriverStep> perform)
    {
        var isWrite = step.Kind is DriverStepKind.WriteRegister or DriverStepKind.WriteMemory;
        if (_overtaken is { } first)
        {
            _overtaken = null;
            if (isWrite)
                perform(step);
            perform(first);
            return isWrite;
        }

        if (step.Kind == DriverStepKind.WriteRegister && RegisterWritesToLose > 0)
        {
            RegisterWritesToLose--;
            return true;
        }

        if (step.Kind == DriverStepKind.WriteRegister && IsStuck)
        {
            _held.Enqueue(step);
            return true;
        }

        if (!isWrite || WritesToSwap == 0)
            return false;
        WritesToSwap--;
        _overtaken = step;
        return true;
    }

    /// <summary>The silicon takes what has waited, in order, and goes on.</summary>
    /// <param name="bus">The bus that this belongs to.</param>
    public void Release(Bus bus)
    {
        ArgumentNullException.ThrowIfNull(bus);
        IsStuck = false;
        while (_held.TryDequeue(out var step))
            bus.Perform(step);
    }
}
