using System.Numerics;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>The driver's invalidations, through the queue or, where a unit has none, through registers.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/dmar.c, qi_submit_sync and qi_flush_*; iommu.c, __iommu_flush_context, __iommu_flush_iotlb.</remarks>
public sealed class VtdInvalidator
{
    /// <summary>Descriptors of the queue.</summary>
    public const int QueueLength = 256;

    /// <summary>log2 of the pages that stands for the whole address space of a device TLB (MAX_AGAW_PFN_WIDTH).</summary>
    public const int WholeDevice = 52;

    private const uint InUse = 1;
    private const uint Done = 2;

    private readonly IntelVtdDriverOptions _options;

    /// <summary>Makes the invalidator.</summary>
    public VtdInvalidator(IntelVtdDriverOptions options) => _options = options;

    /// <summary>Flushes the write buffer of a unit that needs it (iommu_flush_write_buffer).</summary>
    public IEnumerable<DriverStep> WriteBuffer(VtdUnit unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        return unit.Capability.RequiresWriteBufferFlush
            ? CommandAndWait(unit, unit.Command | IntelVtdRegisters.WriteBufferFlush, IntelVtdRegisters.WriteBufferFlush, set: false)
            : [];
    }

    /// <summary>Writes the command register and waits for a status bit.</summary>
    public IEnumerable<DriverStep> CommandAndWait(VtdUnit unit, uint command, uint status, bool set)
    {
        ArgumentNullException.ThrowIfNull(unit);
        yield return DriverStep.Write(IntelVtdRegisters.GlobalCommand, command, unit: unit.Index);
        foreach (var step in Poll(IntelVtdRegisters.GlobalStatus, 4, unit, value => ((value & status) != 0) == set))
            yield return step;
    }

    /// <summary>Invalidates context-cache entries (flush_context).</summary>
    public IEnumerable<DriverStep> Context(VtdUnit unit, VtdGranularity granularity, ushort domain, ushort source)
    {
        ArgumentNullException.ThrowIfNull(unit);
        if (unit.Queued)
            return Submit(unit, VtdDescriptor.Context(granularity, domain, source));
        return WriteAndWait(unit, IntelVtdRegisters.ContextCommand, VtdContextCommand.Create(granularity, domain, source).Raw, VtdContextCommand.Invalidate);
    }

    /// <summary>Invalidates IOTLB entries (flush_iotlb).</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="granularity">How much.</param>
    /// <param name="domain">Domain id.</param>
    /// <param name="address">First page, for pages.</param>
    /// <param name="mask">log2 of the pages, for pages.</param>
    /// <param name="leafOnly">No table was freed (IH). The queue is told of first-level tables only.</param>
    public IEnumerable<DriverStep> Iotlb(VtdUnit unit, VtdGranularity granularity, ushort domain, ulong address = 0, int mask = 0, bool leafOnly = false)
    {
        ArgumentNullException.ThrowIfNull(unit);
        if (unit.Queued)
            return Submit(unit, IotlbDescriptor(unit, granularity, domain, address, mask));
        return IotlbByRegister(unit, granularity, domain, address | (leafOnly ? 1UL << 6 : 0) | (uint)mask);
    }

    /// <summary>The descriptor that <see cref="Iotlb"/> submits.</summary>
    public static VtdDescriptor IotlbDescriptor(VtdUnit unit, VtdGranularity granularity, ushort domain, ulong address = 0, int mask = 0)
    {
        ArgumentNullException.ThrowIfNull(unit);
        return VtdDescriptor.Iotlb(granularity, domain, unit.Capability.DrainsReads, unit.Capability.DrainsWrites, address, mask);
    }

    /// <summary>Invalidates the TLB of a device whose ATS is on (__iommu_flush_dev_iotlb); nothing for others, nor while translation is off
    /// (qi_flush_dev_iotlb).</summary>
    public IEnumerable<DriverStep> DeviceTlb(VtdAttachment device, ulong address = 0, int mask = WholeDevice)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.AtsEnabled && device.Unit.Queued && (device.Unit.Command & IntelVtdRegisters.TranslationEnable) != 0
            ? Submit(device.Unit, DeviceDescriptor(device, address, mask))
            : [];
    }

    /// <summary>The descriptor that <see cref="DeviceTlb"/> submits.</summary>
    public static VtdDescriptor DeviceDescriptor(VtdAttachment device, ulong address, int mask)
    {
        ArgumentNullException.ThrowIfNull(device);
        return VtdDescriptor.DeviceTlb(device.Sources[0], device.Sources[0], device.Device.AtsQueueDepth, address, mask);
    }

    /// <summary>The pages of a page-selective invalidation: how many, rounded up to a power of two that covers the range wherever it starts.</summary>
    /// <param name="first">First address.</param>
    /// <param name="last">Last address.</param>
    /// <returns>log2 of the pages; 64 when no power of two does.</returns>
    /// <remarks>Source: Linux 6.1 iommu.c, iommu_flush_iotlb_psi.</remarks>
    public static int CoveringMask(ulong first, ulong last)
    {
        var (page, end) = (first >> 12, last >> 12);
        var aligned = BitOperations.RoundUpToPowerOf2(end - page + 1);
        if ((page & (aligned - 1)) == 0)
            return BitOperations.Log2(aligned);
        var shared = ~(page ^ end) & ~(aligned - 1);
        return shared == 0 ? 64 : BitOperations.TrailingZeroCount(shared);
    }

    /// <summary>Puts descriptors and a wait into the queue and waits for its status word. After a device's timeout they are submitted again.</summary>
    /// <exception cref="DriverException">ETIMEDOUT: no answer within <see cref="IntelVtdDriverOptions.MaxSubmissions"/>.</exception>
    public IEnumerable<DriverStep> Submit(VtdUnit unit, params VtdDescriptor[] descriptors)
    {
        ArgumentNullException.ThrowIfNull(unit);
        ArgumentNullException.ThrowIfNull(descriptors);
        for (var attempt = 0; attempt < _options.MaxSubmissions; attempt++)
        {
            // The wait comes last, behind its status word.
            var status = unit.QueueStatus + ((ulong)((unit.QueueTail + descriptors.Length) % QueueLength) * 4);
            for (var index = 0; index <= descriptors.Length; index++)
            {
                if (index == descriptors.Length)
                    yield return DriverStep.Store(status, InUse, "QI status", 4);
                var descriptor = index < descriptors.Length ? descriptors[index] : VtdDescriptor.Wait(Done, status);
                var address = unit.Queue + ((ulong)unit.QueueTail << unit.DescriptorShift);
                yield return DriverStep.Store(address, descriptor.Word0, "QI q0");
                yield return DriverStep.Store(address + 8, descriptor.Word1, "QI q1");
                if (unit.Scalable)
                {
                    yield return DriverStep.Store(address + 16, 0, "QI q2");
                    yield return DriverStep.Store(address + 24, 0, "QI q3");
                }

                unit.QueueTail = (unit.QueueTail + 1) % QueueLength;
            }

            yield return DriverStep.Write(IntelVtdRegisters.QueueTail, (ulong)unit.QueueTail << unit.DescriptorShift, unit: unit.Index);
            var timedOut = false;
            for (var polls = 0; !timedOut; polls++)
            {
                var load = DriverStep.Load(status, "QI status", 4);
                yield return load;
                if (load.Value == Done)
                    yield break;
                if (polls == _options.MaxPolls)
                    throw new KernelBugException($"unit {unit.Index} does not process its invalidation queue (Linux intel/dmar.c, qi_submit_sync waits for ever)");
                var faults = DriverStep.Read(IntelVtdRegisters.FaultStatus, unit: unit.Index);
                yield return faults;
                if ((faults.Value & IntelVtdRegisters.QueueFault) != 0)
                {
                    foreach (var step in ReplaceBad(unit, status))
                        yield return step;
                }

                if ((faults.Value & IntelVtdRegisters.TimeoutFault) == 0)
                    continue;
                yield return DriverStep.Write(IntelVtdRegisters.FaultStatus, IntelVtdRegisters.TimeoutFault, unit: unit.Index);
                timedOut = true;
            }
        }

        throw new DriverException(Errno.ETIMEDOUT, $"unit {unit.Index}: a device TLB did not answer {_options.MaxSubmissions} times");
    }

    // qi_check_fault: the descriptor at the head is replaced by a wait, and the unit goes on.
    private static IEnumerable<DriverStep> ReplaceBad(VtdUnit unit, ulong status)
    {
        var head = DriverStep.Read(IntelVtdRegisters.QueueHead, unit: unit.Index);
        yield return head;
        var wait = VtdDescriptor.Wait(Done, status);
        yield return DriverStep.Store(unit.Queue + head.Value, wait.Word0, "QI q0");
        yield return DriverStep.Store(unit.Queue + head.Value + 8, wait.Word1, "QI q1");
        yield return DriverStep.Write(IntelVtdRegisters.FaultStatus, IntelVtdRegisters.QueueFault, unit: unit.Index);
    }

    private IEnumerable<DriverStep> IotlbByRegister(VtdUnit unit, VtdGranularity granularity, ushort domain, ulong address)
    {
        var offset = unit.ExtendedCapability.IotlbOffset;
        if (granularity == VtdGranularity.Narrow)
            yield return DriverStep.Write(offset, address, 8, unit.Index);
        var command = VtdIotlbCommand.Create(granularity, domain, unit.Capability.DrainsWrites ? VtdIotlbCommand.DrainWrites : 0);
        foreach (var step in WriteAndWait(unit, offset + 8, command.Raw, VtdIotlbCommand.Invalidate))
            yield return step;
    }

    private IEnumerable<DriverStep> WriteAndWait(VtdUnit unit, ulong offset, ulong value, ulong busy)
    {
        yield return DriverStep.Write(offset, value, 8, unit.Index);
        foreach (var step in Poll(offset, 8, unit, read => (read & busy) == 0))
            yield return step;
    }

    private IEnumerable<DriverStep> Poll(ulong offset, int width, VtdUnit unit, Func<ulong, bool> done)
    {
        for (var polls = 0; polls < _options.MaxPolls; polls++)
        {
            var read = DriverStep.Read(offset, width, unit.Index);
            yield return read;
            if (done(read.Value))
                yield break;
        }

        throw new KernelBugException($"panic: DMAR hardware is malfunctioning, register 0x{offset:x} of unit {unit.Index} (Linux intel/iommu.h, IOMMU_WAIT_OP)");
    }
}
