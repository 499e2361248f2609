using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>IBM Z's PCI translation in the catalogue.</summary>
public static class S390Room
{
    private const uint FirstHandle = 0x17;

    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "s390",
        Title = "IBM Z PCI DMA translation (zPCI)",
        Guess = Guess2022.Undecided,
        Variants = ["strict", "lazy"],
        ModelChoices =
        [
            "The privileged instructions are a register window for each of two CPUs: operands first, then a write that executes, then the condition code; the kernel's event handling has the second CPU.",
            "CALL LOGICAL PROCESSOR is reduced to query, enable and disable; function IDs are the numbers from 0, and a DMA carries its function ID.",
            "A DMA of a function without registered translation is refused in silence and leaves the function enabled, as in QEMU (option UnregisteredRaisesEvent: PEC 1 and the error state).",
            "An invalid entry, and a write through a protected one, give PEC 4; a region-third or segment entry of zeroes gives PEC 7 (option ZeroEntryIsInvalid), another length or offset PEC 8, another table's type PEC 9.",
            "A page-table entry of zeroes maps the frame at 0, readable and writable.",
            "A table that is not RAM gives PEC 0xA; an address beyond 42 bits gives PEC 2, like one outside base and limit.",
            "Every refused DMA of an enabled function with a registered translation puts it into the error state; RESET_BLOCK and RESET_ERROR lead out, RESET_ERROR alone as well.",
            "After RESET_BLOCK alone loads and stores would work, DMA does not.",
            "An instruction out of sequence (registered twice, deregistered twice, reset without error) ends with condition code 1 and status 24 and changes nothing; a FIB that is refused gives status 16, and in a reregistration leaves nothing registered, as in QEMU.",
            "A translation can be registered in the error state, as in QEMU (option RefusesRegistrationInError: status 40); RPCIT is refused there with status 40.",
            "RPCIT without registered translation, or outside base and limit, puts the function into the error state too (PEC 1, PEC 2), as in QEMU.",
            "A deregistration drops the function's cached translations; nothing else but RPCIT does. Absent entries are not cached.",
            "A function that needs refreshes is translated by the hypervisor's shadow: RPCIT fills it, and a registration leaves it empty, as in QEMU (option Shadowing).",
            "Interrupt registration and measurement blocks are accepted and do nothing; the machine is never busy; storage keys and 1 MiB and 2 GiB frames are not modelled.",
            "The device's own driver recovers from error events (driver option DeviceRecovers); the handler takes one event at each interrupt.",
        ],
        Features =
        [
            new("MPCIFC: register, deregister and reregister I/O address translation", IsModelled: true),
            new("MPCIFC: reset of the error and the load/store-blocked state", IsModelled: true),
            new("RPCIT, the only TLB operation", IsModelled: true, "per function and range"),
            new("STPCIFC, CLP query and set", IsModelled: true, "what the translation needs of them"),
            new("Region-third, segment and page tables, 4 KiB frames, big-endian", IsModelled: true),
            new("Base and limit of the function", IsModelled: true),
            new("Error state and error events with PCI event codes", IsModelled: true),
            new("Relaxed translation (direct mapping)", IsModelled: true, "no kernel here uses it"),
            new("A hypervisor's shadow tables", IsModelled: true, "for functions that need refreshes"),
            new("Region-second and region-first roots", IsModelled: false, "a registration is refused"),
            new("1 MiB and 2 GiB frames", IsModelled: false, "Linux never uses them"),
            new("Storage keys", IsModelled: false, "not looked at"),
            new("Adapter interrupts, MSI translation", IsModelled: false, "accepted, without effect"),
            new("Function measurement", IsModelled: false, "accepted, without effect"),
            new("Hot plug and availability events", IsModelled: false, "not there"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var memory = options.OpenMemory();
        var functions = Enumerable.Range(0, options.Devices).Select(id => new S390Function { Handle = FirstHandle + (uint)id });
        var silicon = new S390Iommu("zpci", memory, new S390Options { Functions = [.. functions], Iotlb = options.Iotlb });
        var frames = options.AllocateFrames(memory);
        var driver = new S390Driver(options.Kernel, memory, frames, new S390DriverOptions { Strict = options.Variant == "strict", Aperture = options.RamSize });
        return new Platform(new Bus(memory, silicon), frames, driver, Device);

        DmaDevice Device(int index) => index < options.Devices
            ? new DmaDevice($"dev{index}", new StreamId((uint)index))
            : throw new ArgumentOutOfRangeException(nameof(index), $"device {index}: the platform was built with {options.Devices} PCI functions");
    }
}
