using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>The driver's end of the command queue: finds room, writes commands, publishes them, waits for CMD_SYNC.</summary>
/// <remarks>Source: Linux 6.1 arm-smmu-v3.c, arm_smmu_cmdq_issue_cmdlist and arm_smmu_cmdq_batch_add; 6.12 is the same. One CPU, so no two
/// producers meet.</remarks>
internal sealed class CommandQueue
{
    /// <summary>Commands that are published together at most (CMDQ_BATCH_ENTRIES).</summary>
    public const int BatchEntries = 64;

    private readonly bool _msiPolling;
    private readonly int _pollLimit;
    private QueuePointer _producer;
    private QueuePointer _consumer;

    public CommandQueue(ulong address, Features features, ArmSmmuV3DriverOptions options)
    {
        Address = address;
        _producer = _consumer = new QueuePointer(0, features.CommandQueueLog2);
        _msiPolling = features.MsiPolling;
        _pollLimit = options.PollLimit;
    }

    public ulong Address { get; }

    /// <summary>CMD_SYNCs that did not complete in time.</summary>
    public long Timeouts { get; private set; }

    /// <summary>Issues one command.</summary>
    public IEnumerable<DriverStep> Issue(Command command, bool sync = true) => Insert([command], 0, 1, sync);

    /// <summary>Issues a batch, which ends with a CMD_SYNC; an empty one is the CMD_SYNC alone.</summary>
    public IEnumerable<DriverStep> Issue(IReadOnlyList<Command> batch)
    {
        var first = 0;
        for (; batch.Count - first > BatchEntries; first += BatchEntries)
        {
            foreach (var step in Insert(batch, first, BatchEntries, sync: false))
                yield return step;
        }

        foreach (var step in Insert(batch, first, batch.Count - first, sync: true))
            yield return step;
    }

    /// <summary>Turns the command on which the SMMU stopped into a CMD_SYNC (arm_smmu_cmdq_skip_err). Other errors are only acknowledged: the
    /// SMMU tries again.</summary>
    public IEnumerable<DriverStep> SkipError()
    {
        var read = DriverStep.Read(ArmSmmuV3Registers.CmdqCons);
        yield return read;
        if ((CommandError)((read.Value >> 24) & 0x7f) is CommandError.None or CommandError.Abort or CommandError.AtcTimeout)
            yield break;
        var entry = EntryAddress(_consumer with { Raw = (uint)read.Value });
        yield return DriverStep.Load(entry, "CMDQ word 0");
        yield return DriverStep.Load(entry + 8, "CMDQ word 1");
        var sync = Command.Sync();
        yield return DriverStep.Store(entry, sync.Word0, "CMDQ word 0");
        yield return DriverStep.Store(entry + 8, sync.Word1, "CMDQ word 1");
    }

    private IEnumerable<DriverStep> Insert(IReadOnlyList<Command> commands, int first, int count, bool sync)
    {
        for (var polls = 0; !_producer.HasSpace(_consumer, count + (sync ? 1 : 0)); polls++)
        {
            if (polls == _pollLimit)
                throw new DriverException(Errno.ETIMEDOUT, $"the command queue of {1 << _producer.Log2Size} entries stays full");
            var consumer = DriverStep.Read(ArmSmmuV3Registers.CmdqCons);
            yield return consumer;
            _consumer = _consumer with { Raw = (uint)consumer.Value };
        }

        var producer = _producer;
        for (var i = first; i < first + count; i++)
        {
            yield return DriverStep.Store(EntryAddress(producer), commands[i].Word0, "CMDQ word 0");
            yield return DriverStep.Store(EntryAddress(producer) + 8, commands[i].Word1, "CMDQ word 1");
            producer = producer with { Raw = producer.Next };
        }

        var position = producer;
        if (sync)
        {
            var command = _msiPolling ? Command.SyncMsi(EntryAddress(position), 0) : Command.Sync();
            yield return DriverStep.Store(EntryAddress(position), command.Word0, "CMDQ word 0");
            yield return DriverStep.Store(EntryAddress(position) + 8, command.Word1, "CMDQ word 1");
            producer = producer with { Raw = producer.Next };
        }

        _producer = producer;
        yield return DriverStep.Write(ArmSmmuV3Registers.CmdqProd, producer.Raw);
        if (!sync)
            yield break;
        foreach (var step in _msiPolling ? WaitForMsi(position) : WaitForConsumer(position))
            yield return step;
    }

    private IEnumerable<DriverStep> WaitForConsumer(QueuePointer position)
    {
        for (var polls = 0; !position.IsConsumed(_consumer); polls++)
        {
            if (polls == _pollLimit)
            {
                Timeouts++;
                yield break;
            }

            var consumer = DriverStep.Read(ArmSmmuV3Registers.CmdqCons);
            yield return consumer;
            _consumer = _consumer with { Raw = (uint)consumer.Value };
        }
    }

    // The SMMU's MSI write clears the command's first word.
    private IEnumerable<DriverStep> WaitForMsi(QueuePointer position)
    {
        for (var polls = 0; polls < _pollLimit; polls++)
        {
            var word = DriverStep.Load(EntryAddress(position), "CMDQ CMD_SYNC", 4);
            yield return word;
            if (word.Value != 0)
                continue;
            _consumer = position with { Raw = position.Next };
            yield break;
        }

        Timeouts++;
        _consumer = position;
    }

    private ulong EntryAddress(QueuePointer pointer) => Address + ((ulong)pointer.Index * Command.Size);
}
