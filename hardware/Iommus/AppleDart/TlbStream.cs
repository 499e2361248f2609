using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>Selects the TLB entries of one stream: that of a T8110 TLB_CMD.</summary>
internal readonly struct TlbStream(uint stream) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => entry.Tag == stream;
}
