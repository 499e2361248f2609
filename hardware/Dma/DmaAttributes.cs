namespace Emulator.Hardware.Dma;

/// <summary>What a DMA carries besides address and direction.</summary>
[Flags]
public enum DmaAttributes : byte
{
    /// <summary>Nothing: an ordinary untranslated request without PASID.</summary>
    None = 0,

    /// <summary>The request carries a PASID (Arm: a SubstreamID); see <see cref="DmaRequest.Pasid"/>.</summary>
    Pasid = 1,

    /// <summary>Privileged mode requested.</summary>
    Privileged = 2,

    /// <summary>An instruction fetch.</summary>
    Instruction = 4,

    /// <summary>A PCIe ATS translation request: the device asks for the translation, no data moves.</summary>
    TranslationRequest = 8,

    /// <summary>A PCIe ATS translated request: the address is a physical one that the device got earlier.</summary>
    Translated = 16,
}
