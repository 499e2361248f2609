using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>Selects the TLB entries of a set of the first 64 streams: those of a T8020 STREAM_SELECT.</summary>
internal readonly struct TlbStreamSet(ulong streams) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => ((streams >> (int)entry.Tag) & 1) != 0;
}
