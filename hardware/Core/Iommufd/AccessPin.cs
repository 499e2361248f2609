namespace Emulator.Hardware.Core.Iommufd;

/// <summary>What one call of an access pinned.</summary>
/// <param name="range">The input addresses.</param>
internal sealed class AccessPin(IovaRange range)
{
    private readonly List<(IoArea Area, PagePin Pin)> _parts = [];

    /// <summary>The input addresses.</summary>
    public IovaRange Range => range;

    /// <summary>Where the memory lies.</summary>
    public IEnumerable<PhysicalRange> Memory => _parts.SelectMany(part => part.Pin.Ranges);

    /// <summary>Adds what was pinned of an area.</summary>
    public void Add(IoArea area, PagePin pin)
    {
        area.AccessCount++;
        _parts.Add((area, pin));
    }

    /// <summary>Lets all of it go.</summary>
    public void Release()
    {
        foreach (var (area, pin) in _parts)
        {
            area.AccessCount--;
            area.Pages.Unpin(pin);
        }
    }
}
