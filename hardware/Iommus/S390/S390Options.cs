using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>The machine's PCI functions, and what no source states.</summary>
public sealed record S390Options
{
    /// <summary>The functions; the index is the function ID.</summary>
    public required IReadOnlyList<S390Function> Functions { get; init; }

    /// <summary>Size and shape of the cache of translations.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>Functions that need refreshes are translated by the hypervisor's shadow, which is filled by RPCIT alone and is empty after a registration, as QEMU's; false: they
    /// walk the tables like the others.</summary>
    public bool Shadowing { get; init; } = true;

    /// <summary>[model] A DMA of a function without registered translation raises an error event (PEC 1) and the error state; false, as in QEMU: it is refused in silence.</summary>
    public bool UnregisteredRaisesEvent { get; init; }

    /// <summary>[model] MPCIFC refuses to register a translation in the error state with status 40 (not available); false, as in QEMU: it registers.</summary>
    public bool RefusesRegistrationInError { get; init; }

    /// <summary>[model] A region-third or segment entry of all zeroes is an invalid table entry (PEC 7), as in QEMU; false: a segment entry of zeroes is a valid one that points to a page
    /// table at 0, as its bits say, and a region-third entry of zeroes fails by its length (PEC 8).</summary>
    public bool ZeroEntryIsInvalid { get; init; } = true;
}
