using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>Selects what is cached of one context: that of an IMCTR flush.</summary>
internal readonly struct ContextEntries(int context) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => entry.Domain == (ulong)context;
}
