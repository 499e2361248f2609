using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Tests.Flat;

public sealed class FlatDomain(DomainType type) : IommuDomain(type)
{
    public HashSet<uint> Streams { get; } = [];

    public FlatPageTable? Flat => (FlatPageTable?)PageTable;

    public void Finalise(PhysicalMemory memory, IFrameAllocator frames) => PageTable ??= new FlatPageTable(memory, frames);
}
