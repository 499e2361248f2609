using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Actors.Tests.Flat;

/// <summary>Drives a <see cref="FlatIommu"/>. Before it blocks or attaches it polls a word of memory, as drivers poll a busy bit: a test holds a change up by setting it.</summary>
public sealed class FlatDriver(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, string variant) : IIommuDriver, IPasidDriver
{
    /// <summary>While not zero, blocking and detaching wait here.</summary>
    public const ulong BlockGate = 0x10000;

    /// <summary>While not zero, attaching waits here.</summary>
    public const ulong AttachGate = 0x10008;

    /// <summary>While not zero, attaching fails.</summary>
    public const ulong AttachFails = 0x10010;

    /// <summary>While not zero, blocking fails.</summary>
    public const ulong BlockFails = 0x10018;

    public KernelVersion Kernel => kernel;

    public bool HasNativeBlocking => variant != FlatRoom.NoNativeBlocking;

    public IEnumerable<DriverStep> Probe()
    {
        for (var stream = 0UL; stream < FlatIommu.Streams; stream++)
            yield return DriverStep.Write(FlatIommu.ControlBase + (4 * stream), 0);
    }

    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device) =>
        variant == FlatRoom.RefusesDevices ? throw new DriverException(Errno.ENODEV, $"{device.Name} is not behind this IOMMU") : [];

    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    public IommuDomain AllocateDomain(DomainType type) => new FlatDomain(type);

    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain) => [];

    public void Finalise(IommuDomain domain, DmaDevice device) => ((FlatDomain)domain).Finalise(memory, frames);

    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var flat = (FlatDomain)domain;
        var isEmptyDomain = flat.Flat!.Lookup(0x1000_0000) == null;
        foreach (var step in Poll(isEmptyDomain ? BlockGate : AttachGate))
            yield return step;
        var failing = DriverStep.Load(isEmptyDomain ? BlockFails : AttachFails, "attach fails");
        yield return failing;
        if (failing.Value != 0)
        {
            yield return DriverStep.Fail(Errno.EBUSY);
            yield break;
        }

        var stream = device.Stream.Value;
        flat.Streams.Add(stream);
        yield return DriverStep.Write(FlatIommu.TableBase + (8 * stream), flat.Flat.Address, 8);
        yield return DriverStep.Write(FlatIommu.ControlBase + (4 * stream), 1);
        if (variant != FlatRoom.NeverInvalidates)
            yield return DriverStep.Write(FlatIommu.Invalidate, stream);
    }

    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device) => Disable(device, variant == FlatRoom.DetachBypasses ? 2UL : 0);

    public IEnumerable<DriverStep> AttachPasid(IommuDomain domain, DmaDevice device, uint pasid) => [];

    public IEnumerable<DriverStep> DetachPasid(DmaDevice device, uint pasid) => [];

    public IEnumerable<DriverStep> Block(DmaDevice device) => Disable(device, 0);

    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => [];

    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => FlushAll(domain);

    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => ((FlatDomain)domain).Streams.Select(stream => DriverStep.Write(FlatIommu.Invalidate, stream));

    public IEnumerable<DriverStep> HandleInterrupt()
    {
        var status = DriverStep.Read(FlatIommu.Status);
        yield return status;
        if (variant == FlatRoom.HandlerStops)
            throw new KernelBugException("BUG in the handler");
        if (status.Value != 0)
            yield return DriverStep.Write(FlatIommu.Status, status.Value);
    }

    private IEnumerable<DriverStep> Disable(DmaDevice device, ulong control)
    {
        foreach (var step in Poll(BlockGate))
            yield return step;
        var failing = DriverStep.Load(BlockFails, "block fails");
        yield return failing;
        if (failing.Value != 0)
        {
            yield return DriverStep.Fail(Errno.ETIMEDOUT);
            yield break;
        }

        yield return DriverStep.Write(FlatIommu.ControlBase + (4 * device.Stream.Value), control);
        if (variant != FlatRoom.NeverInvalidates)
            yield return DriverStep.Write(FlatIommu.Invalidate, device.Stream.Value);
    }

    private static IEnumerable<DriverStep> Poll(ulong gate)
    {
        DriverStep poll;
        do
        {
            poll = DriverStep.Load(gate, "busy");
            yield return poll;
        }
        while (poll.Value != 0);
    }
}
