namespace Emulator.Hardware.Translation;

/// <summary>Says which entries an invalidation drops. A struct, so that the scan is specialised for it.</summary>
public interface IIotlbSelector
{
    /// <summary>Whether the entry is to be dropped.</summary>
    bool Selects(in IotlbEntry entry);
}
