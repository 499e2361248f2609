using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>The invalidation queue: fetches descriptors between head and tail and carries them out, until it is empty or one is bad.</summary>
public sealed class VtdInvalidationQueue
{
    // Reasons in IQER, 3:0. Source: VT-d specification, invalidation queue error record; Linux only prints the register.
    private const ulong FetchFailed = 1;
    private const ulong InvalidType = 2;
    private const ulong InvalidField = 3;
    private const ulong InvalidTail = 4;

    private readonly PhysicalMemory _memory;
    private readonly IntelVtdOptions _options;
    private readonly VtdCaches _caches;
    private readonly VtdFaultRecorder _faults;
    private Register _head = null!;
    private Register _tail = null!;
    private Register _address = null!;
    private Register _error = null!;
    private Register _completion = null!;
    private bool _enabled;

    /// <summary>Makes the queue.</summary>
    public VtdInvalidationQueue(PhysicalMemory memory, IntelVtdOptions options, VtdCaches caches, VtdFaultRecorder faults)
    {
        _memory = memory;
        _options = options;
        _caches = caches;
        _faults = faults;
    }

    /// <summary>Descriptors carried out.</summary>
    public long Processed { get; private set; }

    /// <summary>Whether the queue is on (QIES).</summary>
    public bool Enabled
    {
        get => _enabled;
        set
        {
            if (_enabled == value)
                return;
            _enabled = value;
            if (value)
                Run();
            else
                _head.Value = 0;
        }
    }

    /// <summary>Declares the registers.</summary>
    public void Declare(RegisterFile registers)
    {
        ArgumentNullException.ThrowIfNull(registers);
        _head = registers.Add(IntelVtdRegisters.QueueHead, 8, "IQH", RegisterAccess.ReadOnly, fields: "18:4 byte offset of the next descriptor");
        _tail = registers.Add(IntelVtdRegisters.QueueTail, 8, "IQT", fields: "18:4 byte offset behind the last descriptor", onWrite: _ => Run());
        _address = registers.Add(IntelVtdRegisters.QueueAddress, 8, "IQA", fields: "63:12 base, 11 DW, 2:0 QS", writable: () => !_enabled);
        _completion = registers.Add(IntelVtdRegisters.CompletionStatus, 4, "ICS", RegisterAccess.WriteOneToClear, fields: "0 IWC");
        registers.Add(IntelVtdRegisters.InvalidationEventControl, 4, "IECTL", reset: IntelVtdRegisters.InterruptMask, fields: "31 IM");
        _error = registers.Add(IntelVtdRegisters.QueueError, 8, "IQER", RegisterAccess.ReadOnly, fields: "3:0 reason of IQE, 47:32 SID of ITE");
    }

    /// <summary>Goes on, if the queue is on and no error is pending.</summary>
    public void Run()
    {
        var address = new VtdQueueAddress(_address.Value);
        var size = 1UL << address.DescriptorShift;
        while (_enabled && _head.Value != _tail.Value && !_faults.Has(IntelVtdRegisters.QueueFault | IntelVtdRegisters.TimeoutFault))
        {
            if (_tail.Value >= address.Size || (_tail.Value & (size - 1)) != 0)
            {
                Fail(InvalidTail);
                return;
            }

            var at = address.Address + _head.Value;
            if (!_memory.TryRead64(at, out var word0))
            {
                Fail(FetchFailed);
                return;
            }

            var descriptor = new VtdDescriptor(word0, _memory.Read64(at + 8));
            var reason = CarryOut(descriptor);
            if (reason != 0)
            {
                Fail(reason);
                return;
            }

            Processed++;
            _head.Value = (_head.Value + size) % address.Size;
            if (descriptor.Type is VtdDescriptorType.DeviceTlb or VtdDescriptorType.PasidDeviceTlb && _options.SilentDeviceTlbs.Contains(SourceOf(descriptor)))
                TimeOut(SourceOf(descriptor), address, size);
        }
    }

    private static ushort SourceOf(in VtdDescriptor descriptor) =>
        descriptor.Type == VtdDescriptorType.DeviceTlb ? descriptor.Source : (ushort)(descriptor.Word0 >> 16);

    private void Fail(ulong reason)
    {
        _error.Value = (_error.Value & ~15UL) | reason;
        _faults.Raise(IntelVtdRegisters.QueueFault);
    }

    // A device did not answer. Waits that are queued behind it are aborted: passed over without their status write.
    private void TimeOut(ushort source, VtdQueueAddress address, ulong size)
    {
        _error.Value = (_error.Value & 15) | ((ulong)source << 32);
        _faults.Raise(IntelVtdRegisters.TimeoutFault);
        while (_head.Value != _tail.Value && new VtdDescriptor(_memory.Read64(address.Address + _head.Value)).Type == VtdDescriptorType.Wait)
            _head.Value = (_head.Value + size) % address.Size;
    }

    // Returns the reason of an IQE, 0 when all is well.
    private ulong CarryOut(in VtdDescriptor descriptor)
    {
        switch (descriptor.Type)
        {
            case VtdDescriptorType.Context:
                return _caches.InvalidateContext((VtdGranularity)descriptor.Granularity, descriptor.Domain, descriptor.Source, descriptor.FunctionMask) ? 0 : InvalidField;
            case VtdDescriptorType.Iotlb:
                return InvalidateIotlb(descriptor) ? 0 : InvalidField;
            case VtdDescriptorType.DeviceTlb:
            case VtdDescriptorType.Interrupt:
                return 0;
            case VtdDescriptorType.Wait:
                if (descriptor.WritesStatus)
                    _memory.Write32(descriptor.StatusAddress, descriptor.StatusData);
                if (descriptor.Interrupts)
                    _completion.Value |= 1;
                return 0;
            case VtdDescriptorType.PasidIotlb when _options.ExtendedCapability.ScalableMode:
                return InvalidatePasidIotlb(descriptor) ? 0 : InvalidField;
            case VtdDescriptorType.PasidCache when _options.ExtendedCapability.ScalableMode:
                return InvalidatePasidCache(descriptor) ? 0 : InvalidField;
            case VtdDescriptorType.PasidDeviceTlb or VtdDescriptorType.PageGroupResponse or VtdDescriptorType.PageStreamResponse
                when _options.ExtendedCapability.ScalableMode:
                return 0;
            default:
                return InvalidType;
        }
    }

    private bool InvalidateIotlb(in VtdDescriptor descriptor)
    {
        switch ((VtdGranularity)descriptor.Granularity)
        {
            case VtdGranularity.Global:
                _caches.InvalidateIotlb(null);
                return true;
            case VtdGranularity.Domain:
                _caches.InvalidateIotlb(descriptor.Domain);
                return true;
            case VtdGranularity.Narrow when _options.Capability.PageSelective && descriptor.AddressMask <= _options.Capability.MaxAddressMask:
                _caches.InvalidateIotlbPages(descriptor.Domain, descriptor.Address, descriptor.AddressMask);
                return true;
            default:
                return false;
        }
    }

    private bool InvalidatePasidIotlb(in VtdDescriptor descriptor)
    {
        switch (descriptor.Granularity)
        {
            case 2:
                _caches.InvalidatePasidIotlb(descriptor.Domain, descriptor.Pasid);
                return true;
            case 3:
                _caches.InvalidatePasidIotlbPages(descriptor.Domain, descriptor.Pasid, descriptor.Address, descriptor.AddressMask);
                return true;
            default:
                return false;
        }
    }

    private bool InvalidatePasidCache(in VtdDescriptor descriptor)
    {
        switch (descriptor.Granularity)
        {
            case 0:
                _caches.InvalidatePasids(descriptor.Domain, null);
                return true;
            case 1:
                _caches.InvalidatePasids(descriptor.Domain, descriptor.Pasid);
                return true;
            case 3:
                _caches.InvalidatePasids();
                return true;
            default:
                return false;
        }
    }
}
