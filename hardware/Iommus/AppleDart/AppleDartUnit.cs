namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>What the driver knows of one DART after its probe.</summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/apple-dart.c, struct apple_dart.</remarks>
internal sealed class AppleDartUnit(int index)
{
    public int Index => index;

    // Its interrupt handler is registered.
    public bool IsProbed { get; set; }

    public ulong PageSize { get; set; }

    public bool BypassSupported { get; set; }

    public int InputBits { get; set; }

    public int OutputBits { get; set; }

    public int Streams { get; set; }

    // sid2group: the group that each stream was claimed for.
    public Dictionary<uint, int> Groups { get; } = [];

    public uint[] SavedControls { get; set; } = [];

    public uint[] SavedTtbrs { get; set; } = [];
}
