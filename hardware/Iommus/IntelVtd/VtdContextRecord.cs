namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>What the context cache holds of a requester.</summary>
public struct VtdContextRecord
{
    /// <summary>Legacy mode, or a refusal: all there is to know.</summary>
    public VtdTranslation Translation;

    /// <summary>Scalable mode: the entry, whose PASID directory is to be read next.</summary>
    public VtdScalableContextEntry Entry;

    /// <summary>Whether <see cref="Entry"/> counts.</summary>
    public bool HasDirectory;
}
