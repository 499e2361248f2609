using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>The silicon's side of the command buffer: executes commands from head to tail. An error stops it until software enables it anew.</summary>
/// <remarks>Source: AMD 48882, command buffer. Commands take effect in order and at once, so a COMPLETION_WAIT never has to wait.</remarks>
internal sealed class AmdViCommandBuffer
{
    private readonly PhysicalMemory _memory;
    private readonly Register _base;
    private readonly Register _head;
    private readonly Register _tail;
    private readonly Register _status;
    private readonly AmdViEventLog _events;
    private readonly Iotlb _iotlb;
    private readonly ConfigurationCache<AmdViDeviceState> _devices;
    private readonly AmdViIommuOptions _options;
    private bool _enabled;
    private bool _stopped;

    public AmdViCommandBuffer(
        PhysicalMemory memory, RegisterFile registers, Register status, AmdViEventLog events, Iotlb iotlb, ConfigurationCache<AmdViDeviceState> devices, AmdViIommuOptions options)
    {
        (_memory, _status, _events, _iotlb, _devices, _options) = (memory, status, events, iotlb, devices, options);
        _base = registers.Add(AmdViRegisters.CommandBufferBase, 8, "CommandBufferBase", fields: "[51:12] address, [59:56] log2 entries");
        _head = registers.Add(AmdViRegisters.CommandHead, 8, "CommandHead", fields: "byte offset of the next command to fetch");
        _tail = registers.Add(AmdViRegisters.CommandTail, 8, "CommandTail", fields: "byte offset after the last command", onWrite: _ => Run());
    }

    /// <summary>Commands are fetched; CmdBufRun.</summary>
    public bool Running => _enabled && !_stopped;

    /// <summary>CmdBufEn and IommuEn were written; commands that wait are executed.</summary>
    public void Enable(bool commandBuffer, bool iommu)
    {
        if (!commandBuffer)
            _stopped = false;
        _enabled = commandBuffer && iommu;
        Run();
    }

    private void Run()
    {
        var mask = AmdViRegisters.RingSize(_base.Value) - 1;
        while (Running && (_head.Value & mask) != (_tail.Value & mask))
        {
            var address = (_base.Value & AmdViRegisters.AddressMask) + (_head.Value & mask & ~(AmdViRegisters.RecordSize - 1));
            var readable = _memory.TryRead64(address, out var word0) & _memory.TryRead64(address + 8, out var word1);
            var error = readable ? Execute(new AmdViCommand(word0, word1)) : AmdViEventCode.CommandHardwareError;
            if (error != AmdViEventCode.None)
            {
                // The head stays at the command that failed.
                _stopped = true;
                _events.RefuseCommand(error, address);
                return;
            }

            _head.Value = (_head.Value + AmdViRegisters.RecordSize) & mask;
        }
    }

    // Invalidations of device TLBs and of interrupt entries, and answers to page requests, concern caches that are not here.
    private AmdViEventCode Execute(AmdViCommand command)
    {
        switch (command.Kind)
        {
            case AmdViCommandKind.CompletionWait:
                if (command.Stores && !_memory.Write64(command.StoreAddress, command.StoreData))
                    return AmdViEventCode.CommandHardwareError;
                if (command.Interrupts)
                    _status.Value |= (ulong)AmdViStatus.CompletionInterrupt;
                return AmdViEventCode.None;
            case AmdViCommandKind.InvalidateDeviceTableEntry:
                _devices.Invalidate(command.DeviceId);
                _events.Forget(command.DeviceId);
                return AmdViEventCode.None;
            case AmdViCommandKind.InvalidateIommuPages:
                _iotlb.Invalidate(new AmdViPageSelector(command, _options.InvalidatesWholeDomain));
                return AmdViEventCode.None;
            case AmdViCommandKind.InvalidateIotlbPages or AmdViCommandKind.InvalidateInterruptTable:
            case AmdViCommandKind.PrefetchIommuPages when _options.Features.Prefetch:
            case AmdViCommandKind.CompletePageRequest when _options.Features.PageRequests:
                return AmdViEventCode.None;
            case AmdViCommandKind.InvalidateAll when _options.Features.InvalidateAll:
                _iotlb.InvalidateAll();
                _devices.InvalidateAll();
                _events.ForgetAll();
                return AmdViEventCode.None;
            default:
                return AmdViEventCode.IllegalCommand;
        }
    }
}
