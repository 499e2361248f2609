namespace Emulator.Hardware.Iommus.MtkV1;

/// <summary>Ports of MT2701: flat numbers, and the local arbiters (larbs) that they belong to. Source: Linux include/dt-bindings/memory/mt2701-larb-port.h.</summary>
public static class MtkV1Ports
{
    /// <summary>Larbs.</summary>
    public const int Larbs = 4;

    /// <summary>Ports, flat numbers from 0.</summary>
    public const int Count = 48;

    private static readonly int[] FirstOf = [0, 11, 21, 44];

    /// <summary>The larb of a port.</summary>
    public static int LarbOf(int port) => Array.FindLastIndex(FirstOf, first => port >= first);

    /// <summary>A port's number within its larb.</summary>
    public static int LocalNumber(int port) => port - FirstOf[LarbOf(port)];

    /// <summary>The flat number of a port.</summary>
    public static int Flat(int larb, int local) => FirstOf[larb] + local;

    /// <summary>Ports of a larb that the SMI driver configures: those of the last one it never does, because its table has no entry after it (drivers/memory/mtk-smi.c:380-386).</summary>
    public static int ConfiguredPorts(int larb) => larb == Larbs - 1 ? 0 : FirstOf[larb + 1] - FirstOf[larb];
}
