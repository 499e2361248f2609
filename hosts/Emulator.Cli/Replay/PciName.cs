using Emulator.Hardware.Dma;

namespace Emulator.Cli.Replay;

/// <summary>PCI devices as the kernel names them, <c>SEGMENT:BUS:DEVICE.FUNCTION</c> in hexadecimal. Requester IDs are of segment 0, which one
/// emulated IOMMU serves and of which a DMA log speaks.</summary>
internal static class PciName
{
    /// <summary>The requester ID of a device of segment 0.</summary>
    public static bool TryParse(ReadOnlySpan<char> name, out StreamId stream)
    {
        stream = default;
        var colon = name.LastIndexOf(':');
        var point = name.LastIndexOf('.');
        var bus = colon > 0 ? name[..colon] : default;
        var segment = bus.LastIndexOf(':') is > 0 and var end ? bus[..end] : "0";
        bus = bus[(bus.LastIndexOf(':') + 1)..];
        if (point < colon || !LogText.TryHex(bus, out var b) || !LogText.TryHex(name[(colon + 1)..point], out var d) || !LogText.TryHex(name[(point + 1)..], out var f)
            || !LogText.TryHex(segment, out var s) || s != 0 || b > 0xff || d > 0x1f || f > 7)
        {
            return false;
        }

        stream = StreamId.Pci((int)b, (int)d, (int)f);
        return true;
    }
}
