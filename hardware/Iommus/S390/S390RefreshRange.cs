using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>Selects a function's cached translations of a range.</summary>
internal readonly struct S390RefreshRange(ulong function, ulong first, ulong last) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => entry.Tag == function && entry.Overlaps(first, last);
}
