using System.Text.Json;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>
/// A recorded life of an IOMMU that a driver of ours lives again: each step's register accesses are compared with <c>mmio</c> in order, memory with
/// <c>mem</c> and <c>memory</c>, allocations with <c>pages</c>. Writes reach our silicon; a read is answered with the recorded value.
/// </summary>
public sealed class RecordedLife : IDisposable
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedMemory _image;
    private readonly List<JsonElement> _operations = [];
    private Bus? _bus;
    private string?[] _blocks = [];
    private int _next;

    /// <summary>Starts a life with empty memory.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="run">Where disagreements go.</param>
    /// <param name="bigEndian">The silicon reads table words as big-endian.</param>
    public RecordedLife(JsonElement vector, VectorRun run, bool bigEndian = false)
    {
        (_vector, _run) = (vector, run);
        Memory = new PhysicalMemory();
        Frames = new RecordedFrames(Memory, run);
        _image = new RecordedMemory(Memory, Frames, run, (int)vector.Word("word"), bigEndian);
    }

    /// <summary>The memory.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>The allocator for tables.</summary>
    public RecordedFrames Frames { get; }

    /// <summary>Gives a driver step that is recorded as something other than a register access: the entries that it amounts to, none when it is not
    /// recorded; null for a step that is recorded as it is. Asked before the step is performed.</summary>
    public Func<DriverStep, IReadOnlyList<RecordedOperation>?>? Interpret { get; set; }

    /// <summary>Says of which registers (unit, offset) our silicon must answer a read with the recorded value; the recording planted the others.</summary>
    public Func<int, ulong, bool>? ComparesRead { get; set; }

    /// <summary>The silicon.</summary>
    /// <param name="bus">Memory and units.</param>
    /// <param name="blocks">For each unit the name of its register block in <c>mmio</c>; null for the main one.</param>
    public void Connect(Bus bus, params string?[] blocks) => (_bus, _blocks) = (bus, blocks);

    /// <summary>Runs every step.</summary>
    /// <param name="perform">Performs one step with <see cref="Perform(JsonElement, IEnumerable{DriverStep})"/>.</param>
    /// <param name="probe">Called where the vector's <c>memory</c> and <c>probes</c> were taken.</param>
    public void Run(Action<JsonElement> perform, Action? probe = null)
    {
        var taken = (int)_vector.Word("memory_after_step");
        foreach (var (step, index) in _vector.Items("steps").Select((step, index) => (step, index)))
        {
            _run.Step = index;
            Begin(step);
            perform(step);
            End();
            if (index + 1 != taken)
                continue;
            _image.CheckFinal(_vector);
            probe?.Invoke();
        }

        _run.Step = null;
    }

    /// <summary>Performs a driver's sequence and compares it.</summary>
    /// <returns>The sequence's result.</returns>
    public long Perform(IEnumerable<DriverStep> sequence)
    {
        var bus = _bus ?? throw new InvalidOperationException("no silicon is connected");
        foreach (var step in sequence)
        {
            if (step.Kind == DriverStepKind.Return)
                return step.Result;
            if (Interpret?.Invoke(step) is { } operations)
            {
                foreach (var operation in operations)
                    Expect(operation);
                bus.Perform(step);
            }
            else if (step.Kind is DriverStepKind.ReadRegister or DriverStepKind.WriteRegister)
            {
                PerformAccess(bus, step);
            }
            else
            {
                bus.Perform(step);
            }
        }

        return 0;
    }

    /// <summary>Likewise, and compares the step's <c>ret</c>.</summary>
    public long Perform(JsonElement step, IEnumerable<DriverStep> sequence)
    {
        var result = Perform(sequence);
        CheckResult(step, result);
        return result;
    }

    /// <summary>Compares the next recorded entry with what the driver does now; memory is compared as that entry found it.</summary>
    /// <returns>The recorded entry; null when the record has no more.</returns>
    public JsonElement? Expect(RecordedOperation operation)
    {
        _image.Advance(_next);
        if (_next == _operations.Count)
        {
            _run.Fail("no further access", $"{operation}");
            return null;
        }

        var entry = _operations[_next++];
        _run.Check($"access {_next - 1}:", RecordedOperation.Parse(entry), operation);
        return entry;
    }

    /// <summary>Stores a word that the recording planted without recording the store: what the hardware would have written.</summary>
    public void Plant(ulong address, ulong value) => _image.Plant(address, value);

    /// <summary>Compares a step's <c>ret</c>: a number, a hexadecimal size, or null for none; an object is the caller's affair.</summary>
    public void CheckResult(JsonElement step, long result)
    {
        var expected = step.GetProperty("ret");
        switch (expected.ValueKind)
        {
            case JsonValueKind.Number:
                _run.Check("ret", expected.GetInt64(), result);
                break;
            case JsonValueKind.String:
                _run.Check("ret", expected.Word(), (ulong)result);
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Memory.Dispose();

    private void PerformAccess(Bus bus, DriverStep step)
    {
        var write = step.Kind == DriverStepKind.WriteRegister;
        var kind = (write ? "w" : "r") + (step.Width == 8 ? "64" : "");
        var block = _blocks[step.Unit] is { } name ? $" {name}" : "";
        var entry = Expect(new RecordedOperation($"{kind} 0x{step.Address:x}{(write ? $" 0x{step.Value:x}" : "")}{block}"));
        bus.Perform(step);
        if (write || entry is not { } read || !RecordedOperation.IsRead(read))
            return;
        if (ComparesRead?.Invoke(step.Unit, step.Address) == true)
            _run.Check($"silicon's answer to {kind} 0x{step.Address:x}{block}", read[2].Word(), step.Value);
        step.Value = read[2].Word();
    }

    private void Begin(JsonElement step)
    {
        _operations.Clear();
        _operations.AddRange(step.Items("mmio"));
        _next = 0;
        Frames.Begin(step);
        _image.Begin(step);
    }

    private void End()
    {
        while (_next < _operations.Count)
            _run.Fail($"{RecordedOperation.Parse(_operations[_next++])}", "no access");
        _image.End();
        Frames.End();
    }
}
