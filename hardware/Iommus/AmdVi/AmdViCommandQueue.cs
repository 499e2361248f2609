using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>The driver's side of the command buffer, and its completion semaphore.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/amd/iommu.c, __iommu_queue_command_sync, iommu_completion_wait, wait_on_sem (:1180). Failures are counted and
/// otherwise ignored, as their callers in the kernel do.</remarks>
internal sealed class AmdViCommandQueue(IFrameAllocator frames, int pollLimit)
{
    private const ulong Size = 512 * AmdViRegisters.RecordSize;

    // Slots that stay free: the queue counts as full with two or fewer left.
    private const ulong Reserve = 0x20;

    private readonly ulong _semaphore = frames.Allocate(PhysicalMemory.FrameSize);
    private ulong _head;
    private ulong _tail;
    private ulong _waits;
    private bool _needsSync;

    /// <summary>The ring.</summary>
    public ulong Address { get; } = frames.Allocate(Size);

    /// <summary>Completions that did not come: the caller goes on as if they had.</summary>
    public int Timeouts { get; private set; }

    /// <summary>The registers were reset to 0.</summary>
    public void Reset() => (_head, _tail) = (0, 0);

    /// <summary>Queues a command that a later <see cref="CompletionWait"/> waits for.</summary>
    public IEnumerable<DriverStep> Queue(AmdViCommand command) => Queue(command, needsSync: true);

    /// <summary>Waits until all commands queued so far have taken effect; does nothing when none was queued since the last wait.</summary>
    public IEnumerable<DriverStep> CompletionWait()
    {
        if (!_needsSync)
            yield break;
        var expected = ++_waits;
        foreach (var step in Queue(AmdViCommand.CompletionWait(_semaphore, expected), needsSync: false))
            yield return step;
        for (var polls = 0; polls <= pollLimit; polls++)
        {
            var load = DriverStep.Load(_semaphore, "completion semaphore");
            yield return load;
            if (load.Value >= expected)
                yield break;
        }

        Timeouts++;
    }

    private IEnumerable<DriverStep> Queue(AmdViCommand command, bool needsSync)
    {
        var next = (_tail + AmdViRegisters.RecordSize) % Size;
        for (var polls = 0; (_head - next) % Size <= Reserve; polls++)
        {
            if (polls > pollLimit)
            {
                Timeouts++;
                yield break;
            }

            var head = DriverStep.Read(AmdViRegisters.CommandHead);
            yield return head;
            _head = head.Value;
        }

        yield return DriverStep.Store(Address + _tail, command.Word0, $"command {command.Kind}");
        yield return DriverStep.Store(Address + _tail + 8, command.Word1, $"command {command.Kind}");
        _tail = next;
        yield return DriverStep.Write(AmdViRegisters.CommandTail, _tail);
        _needsSync = needsSync;
    }
}
