using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>Which bits of an entry the SMMU looks at, given what the entry holds.</summary>
/// <remarks>Source: Linux 6.12 arm-smmu-v3.c:1025, arm_smmu_get_ste_used and arm_smmu_get_cd_used.</remarks>
internal static class EntryUse
{
    private const ulong Valid = 1;

    public static void OfStreamTableEntry(ReadOnlySpan<ulong> entry, Span<ulong> used)
    {
        used.Clear();
        used[0] = Valid;
        var present = new StreamTableEntry(entry[0], entry[1], entry[2], entry[3]);
        if (!present.Valid)
            return;
        used[0] |= Mask(3, 1);
        var configuration = (int)present.Configuration;
        if ((configuration & 1) != 0)
        {
            used[0] |= Mask(5, 4) | Mask(51, 6) | Mask(63, 59); // S1Fmt, S1ContextPtr, S1CDMax
            used[1] |= Mask(7, 0) | Mask(27, 27) | Mask(31, 28); // S1DSS, S1CIR, S1COR, S1CSH, S1STALLD, EATS, STRW
            used[2] |= Mask(15, 0); // S2VMID
            if (present.DefaultSubstream == DefaultSubstream.Bypass)
                used[1] |= Mask(45, 44); // SHCFG
        }

        if ((configuration & 2) != 0)
        {
            used[1] |= Mask(29, 28) | Mask(45, 44); // EATS, SHCFG
            used[2] |= Mask(15, 0) | Mask(50, 32) | Mask(52, 51) | Mask(54, 54) | Mask(58, 57); // S2VMID, VTCR, S2AA64, S2ENDI, S2PTW, S2S, S2R
            used[3] |= Mask(51, 4); // S2TTB
        }

        if (present.Configuration == StreamConfiguration.Bypass)
            used[1] |= Mask(45, 44);
    }

    public static void OfContextDescriptor(ReadOnlySpan<ulong> entry, Span<ulong> used)
    {
        used.Clear();
        used[0] = Valid << 31;
        var present = new ContextDescriptor(entry[0], entry[1], entry[2], entry[3]);
        if (!present.Valid)
            return;
        used.Fill(ulong.MaxValue);
        if (!present.WalkDisabled0)
            return;
        used[0] &= ~Mask(13, 0); // T0SZ, TG0, IR0, OR0, SH0
        used[1] &= ~Mask(51, 4); // TTB0
    }

    private static ulong Mask(int high, int low) => ulong.MaxValue.InPlace(high, low);
}
