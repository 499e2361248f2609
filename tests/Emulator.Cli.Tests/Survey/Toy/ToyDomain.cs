using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Toy;

internal sealed class ToyDomain : IommuDomain
{
    public ToyDomain(ToyPageTable table)
        : base(DomainType.Unmanaged) => PageTable = table;

    public ulong Table => ((ToyPageTable)PageTable!).Address;
}
