using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>Selects the TLB entries that a context bank filled (CTX_TLBIALL).</summary>
internal readonly struct MsmBankEntries(int bank) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => entry.Domain == (ulong)bank;
}
