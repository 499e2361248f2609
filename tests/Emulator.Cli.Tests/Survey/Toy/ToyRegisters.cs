namespace Emulator.Cli.Tests.Survey.Toy;

/// <summary>The registers of the toy IOMMU.</summary>
internal static class ToyRegisters
{
    /// <summary>Address of the table of the one stream; 0: no table.</summary>
    public const ulong Table = 0x0;

    /// <summary>A write drops the cached table address.</summary>
    public const ulong FlushConfiguration = 0x4;

    /// <summary>A write drops the cached translations.</summary>
    public const ulong FlushTranslations = 0x8;
}
