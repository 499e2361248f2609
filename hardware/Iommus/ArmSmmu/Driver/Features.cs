using Emulator.Hardware.Drivers;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmu.Driver;

/// <summary>What the driver made of the identification registers (arm_smmu_device_cfg_probe, :1675).</summary>
internal sealed record Features
{
    private const ulong Granule4 = (1UL << 12) | (1UL << 21) | (1UL << 30);
    private const ulong ShortDescriptors = (1UL << 12) | (1UL << 16) | (1UL << 20) | (1UL << 24);

    public required int Version { get; init; }

    public bool Stage1 { get; init; }

    public bool Stage2 { get; init; }

    /// <summary>Registers that translate an address.</summary>
    public bool AddressTranslation { get; init; }

    public bool StreamMatching { get; init; }

    public bool ExtendedIds { get; init; }

    public int StreamEntries { get; init; }

    /// <summary>StreamID bits that exist, by the identification registers.</summary>
    public uint StreamIdMask { get; init; }

    public bool Aarch32 { get; init; }

    public bool Aarch64 { get; init; }

    public bool WideVmids { get; init; }

    public ArmSmmuLayout Layout { get; init; }

    public int VirtualBits { get; init; }

    public int IntermediateBits { get; init; }

    public int PhysicalBits { get; init; }

    public ulong PageSizeBitmap { get; init; }

    /// <summary>Reads ID0.</summary>
    /// <returns>The error, or <see cref="Errno.None"/>.</returns>
    public static Errno CheckId0(uint raw, ArmSmmuDriverOptions options)
    {
        ulong id = Restrict(raw, options);
        return (!id.Bit(30) && !id.Bit(29)) || (id.Bit(27) && id.Number(7, 0) == 0) ? Errno.ENODEV : Errno.None;
    }

    public static Features Decode(uint raw0, uint raw1, uint raw2, ArmSmmuDriverOptions options)
    {
        var (id0, id2) = ((ulong)Restrict(raw0, options), (ulong)raw2);
        var second = options.Version == 2;
        var extended = second && id0.Bit(8);
        var identifiers = extended ? 1 << 16 : 1 << id0.Number(12, 9);
        var matching = id0.Bit(27);
        var aarch32 = !second || !id0.Bit(25);
        var (has4, has16, has64) = (second && id2.Bit(12), second && id2.Bit(13), second && id2.Bit(14));
        return new Features
        {
            Version = options.Version,
            Stage1 = id0.Bit(30),
            Stage2 = id0.Bit(29),
            AddressTranslation = id0.Bit(30) && (!second || !id0.Bit(26)),
            StreamMatching = matching,
            ExtendedIds = extended,
            StreamEntries = matching ? id0.Number(7, 0) : identifiers,
            StreamIdMask = (uint)identifiers - 1,
            Aarch32 = aarch32,
            Aarch64 = has4 || has16 || has64,
            WideVmids = id2.Bit(15),
            Layout = new ArmSmmuLayout(raw1),
            IntermediateBits = ArmSmmuOptions.Decode(id2.Number(3, 0)),
            PhysicalBits = ArmSmmuOptions.Decode(id2.Number(7, 4)),
            VirtualBits = ArmSmmuOptions.Decode(second ? id2.Number(11, 8) : id2.Number(3, 0)),
            PageSizeBitmap = (aarch32 && !id0.Bit(24) ? ShortDescriptors : 0) | (aarch32 || has4 ? Granule4 : 0)
                | (has16 ? (1UL << 14) | (1UL << 25) : 0) | (has64 ? (1UL << 16) | (1UL << 29) : 0),
        };
    }

    // force_stage.
    private static uint Restrict(uint id0, ArmSmmuDriverOptions options) => options.ForceStage switch
    {
        1 => id0 & ~(3u << 28),
        2 => id0 & ~(1u << 30 | 1u << 28),
        _ => id0,
    };
}
