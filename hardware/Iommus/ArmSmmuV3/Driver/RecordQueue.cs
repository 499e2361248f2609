using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>The driver's end of a queue that the SMMU fills: events, page requests.</summary>
/// <remarks>Source: Linux 6.1 arm-smmu-v3.c:1585, arm_smmu_evtq_thread, queue_remove_raw, queue_sync_prod_in.</remarks>
internal sealed class RecordQueue(ulong address, int log2Size, int recordSize, ulong producerRegister, ulong consumerRegister)
{
    private readonly QueuePointer _pointer = new(log2Size);
    private uint _producer;
    private uint _consumer;

    public ulong Address { get; } = address;

    /// <summary>Takes every record out and has it handled; an overflow is then acknowledged.</summary>
    /// <param name="handle">Gets a record's words; its steps follow at once.</param>
    public IEnumerable<DriverStep> Drain(Func<ulong[], IEnumerable<DriverStep>> handle)
    {
        do
        {
            while (!_pointer.IsEmpty(_producer, _consumer))
            {
                var words = new ulong[recordSize / 8];
                for (var i = 0; i < words.Length; i++)
                {
                    var load = DriverStep.Load(Address + ((ulong)_pointer.Index(_consumer) * (ulong)recordSize) + (8 * (ulong)i), "queue record");
                    yield return load;
                    words[i] = load.Value;
                }

                _consumer = _pointer.Next(_consumer);
                yield return DriverStep.Write(consumerRegister, _consumer);
                foreach (var step in handle(words))
                    yield return step;
            }

            var read = DriverStep.Read(producerRegister);
            yield return read;
            _producer = (uint)read.Value;
        }
        while (!_pointer.IsEmpty(_producer, _consumer));

        if (!QueuePointer.HasOverflowed(_producer, _consumer))
            yield break;
        _consumer = _pointer.Acknowledge(_producer, _consumer);
        yield return DriverStep.Write(consumerRegister, _consumer);
    }
}
