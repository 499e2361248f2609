using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Brings units up and reads their fault records.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/iommu.c, init_dmars, iommu_set_root_entry, iommu_enable_translation; dmar.c, alloc_iommu,
/// dmar_enable_qi, dmar_fault.</remarks>
public sealed class VtdUnitSetup
{
    private const ulong FaultMessageAddress = 0xfee0_0000;

    private readonly IFrameAllocator _frames;
    private readonly IntelVtdDriverOptions _options;
    private readonly VtdInvalidator _invalidator;

    /// <summary>Makes it.</summary>
    public VtdUnitSetup(IFrameAllocator frames, IntelVtdDriverOptions options, VtdInvalidator invalidator) =>
        (_frames, _options, _invalidator) = (frames, options, invalidator);

    /// <summary>Reads the capabilities of a unit.</summary>
    public static IEnumerable<DriverStep> Discover(VtdUnit unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        var capability = DriverStep.Read(IntelVtdRegisters.Capability, 8, unit.Index);
        var extended = DriverStep.Read(IntelVtdRegisters.ExtendedCapability, 8, unit.Index);
        yield return capability;
        yield return extended;
        yield return DriverStep.Read(IntelVtdRegisters.Version, unit: unit.Index);
        unit.Discover(capability.Value, extended.Value);
    }

    /// <summary>Queue and root table, up to the point where translation could be enabled.</summary>
    public IEnumerable<DriverStep> Prepare(VtdUnit unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        unit.RootTable = _frames.Allocate(PhysicalMemory.FrameSize);
        if (unit.ExtendedCapability.QueuedInvalidation)
        {
            foreach (var step in EnableQueue(unit))
                yield return step;
        }

        yield return DriverStep.Write(IntelVtdRegisters.RootTableAddress, unit.RootTable | (unit.Scalable ? VtdRootTableAddress.ScalableMode : 0), 8, unit.Index);
        foreach (var step in _invalidator.CommandAndWait(unit, unit.Command | IntelVtdRegisters.SetRootTable, IntelVtdRegisters.SetRootTable, set: true))
            yield return step;
        if (unit.Capability.InvalidatesOnRootTable)
            yield break;
        foreach (var step in _invalidator.Context(unit, VtdGranularity.Global, 0, 0))
            yield return step;
        if (unit.Scalable)
        {
            foreach (var step in _invalidator.Submit(unit, VtdDescriptor.PasidCacheGlobal()))
                yield return step;
        }

        foreach (var step in _invalidator.Iotlb(unit, VtdGranularity.Global, 0))
            yield return step;
    }

    /// <summary>Fault interrupt, translation, protected memory.</summary>
    public IEnumerable<DriverStep> Enable(VtdUnit unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        yield return DriverStep.Write(IntelVtdRegisters.FaultEventData, (ulong)unit.Index, unit: unit.Index);
        yield return DriverStep.Write(IntelVtdRegisters.FaultEventAddress, FaultMessageAddress, unit: unit.Index);
        yield return DriverStep.Write(IntelVtdRegisters.FaultEventUpperAddress, 0, unit: unit.Index);
        yield return DriverStep.Write(IntelVtdRegisters.FaultEventControl, 0, unit: unit.Index);
        yield return DriverStep.Read(IntelVtdRegisters.FaultEventControl, unit: unit.Index);
        unit.Command |= IntelVtdRegisters.TranslationEnable;
        foreach (var step in _invalidator.CommandAndWait(unit, unit.Command, IntelVtdRegisters.TranslationEnable, set: true))
            yield return step;
        if (!unit.Capability.ProtectedLow && !unit.Capability.ProtectedHigh)
            yield break;
        var protection = DriverStep.Read(IntelVtdRegisters.ProtectedMemoryEnable, unit: unit.Index);
        yield return protection;
        yield return DriverStep.Write(IntelVtdRegisters.ProtectedMemoryEnable, protection.Value & ~(ulong)IntelVtdRegisters.EnableProtectedMemory, unit: unit.Index);
        for (var polls = 0; polls < _options.MaxPolls; polls++)
        {
            var status = DriverStep.Read(IntelVtdRegisters.ProtectedMemoryEnable, unit: unit.Index);
            yield return status;
            if ((status.Value & IntelVtdRegisters.ProtectedMemoryStatus) == 0)
                yield break;
        }
    }

    /// <summary>The fault interrupt's handler (dmar_fault).</summary>
    public static IEnumerable<DriverStep> ReadFaults(VtdUnit unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        var status = DriverStep.Read(IntelVtdRegisters.FaultStatus, unit: unit.Index);
        yield return status;
        if ((status.Value & IntelVtdRegisters.FaultPending) != 0)
        {
            var index = IntelVtdRegisters.FaultRecordIndex((uint)status.Value);
            while (true)
            {
                var record = unit.Capability.FaultRecordOffset + ((ulong)index * 16);
                var top = DriverStep.Read(record + 12, unit: unit.Index);
                yield return top;
                if ((top.Value & (VtdFaultRecord.Fault >> 32)) == 0)
                    break;
                yield return DriverStep.Read(record + 8, unit: unit.Index);
                yield return DriverStep.Read(record, 8, unit.Index);
                yield return DriverStep.Write(record + 12, VtdFaultRecord.Fault >> 32, unit: unit.Index);
                index = (index + 1) % unit.Capability.FaultRecords;
            }
        }

        yield return DriverStep.Write(
            IntelVtdRegisters.FaultStatus,
            IntelVtdRegisters.FaultOverflow | IntelVtdRegisters.FaultPending | IntelVtdRegisters.PageRequestOverflow,
            unit: unit.Index);
    }

    private IEnumerable<DriverStep> EnableQueue(VtdUnit unit)
    {
        var bytes = (ulong)VtdInvalidator.QueueLength << unit.DescriptorShift;
        unit.Queue = _frames.Allocate(bytes);
        unit.QueueStatus = _frames.Allocate(PhysicalMemory.FrameSize);
        unit.QueueTail = 0;
        yield return DriverStep.Write(IntelVtdRegisters.QueueTail, 0, unit: unit.Index);
        var size = unit.Scalable ? VtdQueueAddress.WideDescriptors | 1UL : 0;
        yield return DriverStep.Write(IntelVtdRegisters.QueueAddress, unit.Queue | size, 8, unit.Index);
        unit.Command |= IntelVtdRegisters.QueuedInvalidationEnable;
        foreach (var step in _invalidator.CommandAndWait(unit, unit.Command, IntelVtdRegisters.QueuedInvalidationEnable, set: true))
            yield return step;
        unit.Queued = true;
    }
}
