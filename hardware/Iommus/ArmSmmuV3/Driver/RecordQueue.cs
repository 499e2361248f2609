using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>The driver's end of a queue that the SMMU fills: events, page requests.</summary>
/// <remarks>Source: Linux 6.1 arm-smmu-v3.c:1585, arm_smmu_evtq_thread, queue_remove_raw, queue_sync_prod_in.</remarks>
internal sealed class RecordQueue(ulong address, int log2Size, int recordSize, ulong producerRegister, ulong consumerRegister)
{
    private QueuePointer _producer = new(0, log2Size);
    private QueuePointer _consumer = new(0, log2Size);

    public ulong Address { get; } = address;

    /// <summary>Takes every record out and has it handled; an overflow is then acknowledged.</summary>
    /// <param name="handle">Gets a record's words; its steps follow at once.</param>
    public IEnumerable<DriverStep> Drain(Func<ulong[], IEnumerable<DriverStep>> handle)
    {
        do
        {
            while (!_producer.IsEmpty(_consumer))
            {
                var words = new ulong[recordSize / 8];
                for (var i = 0; i < words.Length; i++)
                {
                    var load = DriverStep.Load(Address + ((ulong)_consumer.Index * (ulong)recordSize) + (8 * (ulong)i), "queue record");
                    yield return load;
                    words[i] = load.Value;
                }

                _consumer = _consumer with { Raw = _consumer.Next };
                yield return DriverStep.Write(consumerRegister, _consumer.Raw);
                foreach (var step in handle(words))
                    yield return step;
            }

            var read = DriverStep.Read(producerRegister);
            yield return read;
            _producer = _producer with { Raw = (uint)read.Value };
        }
        while (!_producer.IsEmpty(_consumer));

        if (!_producer.HasOverflowed(_consumer))
            yield break;
        _consumer = _consumer with { Raw = _consumer.Acknowledge(_producer) };
        yield return DriverStep.Write(consumerRegister, _consumer.Raw);
    }
}
