using Emulator.Hardware.Faults;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Drivers;

/// <summary>Performs driver steps: registers of the given IOMMU instances, words of the given memory. There is no third way to the silicon.</summary>
public sealed class Bus
{
    private readonly Action<DriverStep> _carryOut;
    private IIommu[] _units;
    private IReadOnlyList<RegisterFile> _blocks = [];

    /// <summary>Makes a bus.</summary>
    /// <param name="memory">The memory that silicon and driver share.</param>
    /// <param name="units">The IOMMU instances, indexed by <see cref="DriverStep.Unit"/>.</param>
    public Bus(PhysicalMemory memory, params IIommu[] units)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(units);
        Memory = memory;
        _units = units;
        _carryOut = CarryOut;
    }

    /// <summary>The memory.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>The IOMMU instances.</summary>
    public IReadOnlyList<IIommu> Units => _units;

    /// <summary>Register blocks beside the IOMMUs that the driver programs too (a system controller, a bus arbiter): in steps they are numbered after the last unit.</summary>
    public IReadOnlyList<RegisterFile> Blocks { get => _blocks; init => _blocks = value; }

    /// <summary>Told of each step that took place; null when nobody records.</summary>
    public Action<DriverStep>? Observer { get; set; }

    /// <summary>What goes wrong between driver and silicon; null when nothing does.</summary>
    public BusFaults? Faults { get; set; }

    /// <summary>The silicon is reset: in its place stands silicon that has never been programmed. Memory stays, and no driver is told.</summary>
    /// <param name="fresh">As many instances, over the same memory.</param>
    /// <exception cref="ArgumentException">Their number differs, or their memory does.</exception>
    public void Reset(Bus fresh)
    {
        ArgumentNullException.ThrowIfNull(fresh);
        if (fresh.Memory != Memory || fresh._units.Length != _units.Length || fresh.Blocks.Count != Blocks.Count)
            throw new ArgumentException($"{fresh._units.Length} instances and {fresh.Blocks.Count} blocks can't stand for {_units.Length} and {Blocks.Count} over the same memory", nameof(fresh));
        (_units, _blocks) = (fresh._units, fresh._blocks);
    }

    /// <summary>Performs one step.</summary>
    public void Perform(DriverStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        if (Faults == null || !Faults.Takes(step, _carryOut))
            CarryOut(step);
    }

    private void CarryOut(DriverStep step)
    {
        switch (step.Kind)
        {
            case DriverStepKind.ReadRegister:
                step.Value = Registers(step).Read(step.Address, step.Width);
                break;
            case DriverStepKind.WriteRegister:
                Registers(step).Write(step.Address, step.Width, step.Value);
                break;
            case DriverStepKind.WriteMemory when step.Width == 8:
                Memory.Write64(step.Address, step.Value);
                break;
            case DriverStepKind.WriteMemory:
                Memory.Write32(step.Address, (uint)step.Value);
                break;
            case DriverStepKind.ReadMemory:
                step.Value = step.Width == 8 ? Memory.Read64(step.Address) : Memory.Read32(step.Address);
                break;
        }

        Observer?.Invoke(step);
    }

    /// <summary>Performs a sequence to its end.</summary>
    /// <param name="sequence">The steps.</param>
    /// <param name="afterEach">Called after each step but the last result: here other traffic can take place.</param>
    /// <returns>The result: 0, a negative errno, or a count.</returns>
    public long Run(IEnumerable<DriverStep> sequence, Action<DriverStep>? afterEach = null)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        foreach (var step in sequence)
        {
            if (step.Kind == DriverStepKind.Return)
                return step.Result;
            Perform(step);
            afterEach?.Invoke(step);
        }

        return 0;
    }

    /// <summary>A step in words, with the register's name.</summary>
    public string Describe(DriverStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        var unit = _units.Length + Blocks.Count > 1 ? $"{Registers(step).Name}." : "";
        return step.Kind switch
        {
            DriverStepKind.ReadRegister => $"read  {unit}{Registers(step).Describe(step.Address)} -> 0x{step.Value:x}",
            DriverStepKind.WriteRegister => $"write {unit}{Registers(step).Describe(step.Address)} = 0x{step.Value:x}",
            DriverStepKind.WriteMemory => $"store {step.Label} [0x{step.Address:x}] = 0x{step.Value:x}",
            DriverStepKind.Barrier => "barrier",
            DriverStepKind.ReadMemory => $"load  {step.Label} [0x{step.Address:x}] -> 0x{step.Value:x}",
            _ => $"return {step.Result}",
        };
    }

    private RegisterFile Registers(DriverStep step) => step.Unit < _units.Length ? _units[step.Unit].Registers : Blocks[step.Unit - _units.Length];
}
