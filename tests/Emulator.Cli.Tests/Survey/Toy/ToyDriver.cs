using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Tests.Survey.Toy;

/// <summary>The toy's driver. Its detach clears the table's address, flushes the configuration, and last the translations - unless it forgets that. One that frees early
/// gives the table back before it clears the address.</summary>
internal sealed class ToyDriver(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, bool forgetsToFlush, bool freesEarly) : IIommuDriver
{
    public KernelVersion Kernel => kernel;

    public bool HasNativeBlocking => kernel == KernelVersion.Linux612;

    public IEnumerable<DriverStep> Probe() => [];

    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device) => [];

    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    public IommuDomain AllocateDomain(DomainType type) => new ToyDomain(new ToyPageTable(memory, frames.Allocate(8192)));

    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain) => [];

    public void Finalise(IommuDomain domain, DmaDevice device)
    {
    }

    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device) => Program(((ToyDomain)domain).Table, flush: true);

    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device)
    {
        if (freesEarly)
        {
            yield return DriverStep.Write(ToyRegisters.FlushTranslations, 1);
            yield return DriverStep.Write(ToyRegisters.FlushConfiguration, 1);
            frames.Free(((ToyDomain)domain).Table, 8192);
        }

        foreach (var step in Program(0, flush: !forgetsToFlush))
            yield return step;
    }

    public IEnumerable<DriverStep> Block(DmaDevice device) => Program(0, flush: true);

    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => [];

    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => [];

    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => [];

    public IEnumerable<DriverStep> HandleInterrupt() => [];

    private static IEnumerable<DriverStep> Program(ulong table, bool flush)
    {
        yield return DriverStep.Write(ToyRegisters.Table, table);
        yield return DriverStep.Write(ToyRegisters.FlushConfiguration, 1);
        if (flush)
            yield return DriverStep.Write(ToyRegisters.FlushTranslations, 1);
    }
}
