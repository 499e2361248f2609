using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>Renesas' IPMMU in the catalogue.</summary>
public static class IpmmuVmsaRoom
{
    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "ipmmu-vmsa",
        Title = "Renesas IPMMU (R-Car Gen2, Gen3, Gen4, RZ/G)",
        Guess = Guess2022.Identity,
        Variants = [.. IpmmuVmsaHardware.All.Select(hardware => hardware.Name)],
        ModelChoices =
        [
            "Each device has an IPMMU instance of its own (micro-TLB 0): on 64-bit Arm all masters behind one instance are one group. Gen3 and Gen4 have one root for all.",
            "A micro-TLB enabled for a context that is not enabled passes addresses through, and the DMA is counted (option DisabledContextPasses; false refuses it in silence).",
            "A leaf's micro-TLB translates where IMCTR of the leaf and of the root both enable the context; the kernel always writes both.",
            "A context number that the hardware does not have counts as one that is not enabled.",
            "A refused DMA is aborted at once; the kernel programs no stall.",
            "While IMSTR holds a fault, later ones add their bits but keep the first one's address, level and code; they are counted.",
            "Clearing IMSTR takes zeroes, as the driver's handler says; so its set-up, which writes back what it read, clears nothing.",
            "IMSTR's code and level are those that older drivers name (Linux 4.4): format 1, access 4, secure access 5; the level is that of the table word.",
            "A valid table word without NSTable, or leaf without NS, is a permission fault with the code for a secure access.",
            "ABORT is set where a table is not RAM. MHIT is never set: of two cached sizes the smaller page answers.",
            "IMTTBCR without EAE (short descriptors) or with a start level that does not exist refuses every DMA with a translation fault.",
            "A page mapped for privileged access only refuses DMA that is not privileged; the access flag is not looked at.",
            "The micro-TLBs are tagged by number, not by context: IMUCTR without FLUSH keeps the old context's translations. Linux always flushes with it.",
            "IMCTR.FLUSH of a leaf drops the context's translations in its micro-TLBs; the root keeps none of its own (option RootIotlb gives it a TLB).",
            "FLUSH clears at once. IMUCTR is zero after reset; firmware may leave it otherwise, and the kernel's probe does not touch it.",
            "The list of masters that the driver accepts is not modelled: every device may be translated.",
        ],
        Features =
        [
            new("Contexts with one table each: 1, 8 or 16", IsModelled: true, "context 0 of Gen3 and Gen4 is reserved by the driver"),
            new("Micro-TLBs that select a context: 32, 48 or 64", IsModelled: true),
            new("Leaf instances before one root (Gen3, Gen4)", IsModelled: true, "one leaf for each device"),
            new("Long descriptors, 32 bits in, 40 bits out", IsModelled: true, "4 KiB, 2 MiB, 1 GiB"),
            new("NS and NSTable required in every word", IsModelled: true),
            new("Fault status and address of each context", IsModelled: true, "TF, PF, ABORT with code and level"),
            new("Flush of a context and of a micro-TLB", IsModelled: true, "done at once"),
            new("Multiple hit (MHIT)", IsModelled: false, "the smaller page answers"),
            new("Short descriptors, second table base", IsModelled: false, "short descriptors refuse every DMA"),
            new("ASIDs of micro-TLBs", IsModelled: false, "stored; the driver writes 0"),
            new("Memory attributes and cacheable walks", IsModelled: false, "stored"),
            new("PMB (privileged mapping buffer), fixed upper address", IsModelled: false, "not there"),
            new("Secure register bank", IsModelled: false, "Gen2 has the non-secure alias only"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var hardware = IpmmuVmsaHardware.All.First(hardware => hardware.Name == options.Variant);
        var memory = options.OpenMemory();
        var silicon = new IpmmuVmsaOptions { Iotlb = options.Iotlb };
        var root = hardware.HasLeaves ? new IpmmuVmsaIommu("ipmmu-mm", memory, hardware, silicon) : null;
        IEnumerable<IIommu> units = Enumerable.Range(0, options.Devices).Select(index => new IpmmuVmsaIommu($"ipmmu{index}", memory, hardware, silicon, root));
        var frames = options.AllocateFrames(memory, addressBits: 40);
        var driver = new IpmmuVmsaDriver(options.Kernel, hardware, memory, frames, options.Devices);
        return new Platform(new Bus(memory, [.. units, .. root == null ? (IIommu[])[] : [root]]), frames, driver, Device);

        DmaDevice Device(int index)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, options.Devices);
            return new DmaDevice($"dev{index}", [new StreamBinding(index, new StreamId(0))]);
        }
    }
}
