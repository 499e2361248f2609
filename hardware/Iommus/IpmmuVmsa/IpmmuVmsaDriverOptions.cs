namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>What varies around the IPMMU driver.</summary>
public sealed record IpmmuVmsaDriverOptions
{
    /// <summary>The kernel is built for 64 bits and reads the upper half of fault addresses (CONFIG_64BIT, :509). Null: as the hardware's cores are.</summary>
    public bool? Is64Bit { get; init; }

    /// <summary>Reads of FLUSH before the driver gives up, with a message that nobody acts on (TLB_LOOP_TIMEOUT, :255-270).</summary>
    public int BusyReads { get; init; } = 100;
}
