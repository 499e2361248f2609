using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>The memory behind one IOAS_MAP (struct iopt_pages), shared by the areas that are copied from it.</summary>
/// <param name="memory">The user's buffer.</param>
/// <param name="writable">Whether the first mapping was writable: no copy of it may be more than that.</param>
/// <remarks>Source: Linux 6.12 drivers/iommu/iommufd/pages.c. Pages are looked up in the process when the first domain or access pins them; later ones take what is
/// pinned.</remarks>
internal sealed class IoPages(UserMemory memory, bool writable)
{
    /// <summary>The CPU's page.</summary>
    public const ulong PageSize = Emulator.Hardware.Memory.PhysicalMemory.FrameSize;

    private readonly List<PagePin> _pins = [];

    /// <summary>Whether it may be written.</summary>
    public bool Writable => writable;

    /// <summary>Offset of a byte in its page.</summary>
    public ulong PageOffset(ulong start) => (memory.Address + start) % PageSize;

    /// <summary>Address of a byte in the process.</summary>
    public ulong UserAddress(ulong start) => memory.Address + start;

    /// <summary>Where a part lies: as it is pinned, else as the process has it now.</summary>
    /// <returns>Null: -EFAULT.</returns>
    public IReadOnlyList<PhysicalRange>? Resolve(ulong start, ulong length)
    {
        var pin = _pins.Find(pin => pin.Start <= start && start + length <= pin.Start + pin.Length);
        return pin != null ? Slice(pin, start - pin.Start, length) : memory.Resolve(start, length, writable);
    }

    /// <summary>Pins a part.</summary>
    public Errno Pin(ulong start, ulong length, out PagePin? pin)
    {
        pin = Resolve(start, length) is { } ranges ? new PagePin(start, length, ranges) : null;
        if (pin == null)
            return Errno.EFAULT;
        _pins.Add(pin);
        return Errno.None;
    }

    /// <summary>Lets a pin go.</summary>
    public void Unpin(PagePin pin) => _pins.Remove(pin);

    private static List<PhysicalRange>? Slice(PagePin pin, ulong offset, ulong length) =>
        new UserMemory(0, [.. pin.Ranges.Select(range => new UserRange(range.Address, range.Length))]).Resolve(offset, length, write: false);
}
