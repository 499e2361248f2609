using Emulator.Actors.Hosts;
using Emulator.Actors.Programming;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.TestKit;

/// <summary>A tenant of a platform under test: its domain, in which its buffer is mapped from the start, and its memory.</summary>
public sealed class TestTenant
{
    private readonly TestPlatform _platform;

    internal TestTenant(TestPlatform platform, int number, string name, PhysicalAddress memory)
    {
        _platform = platform;
        (Number, Name, Tag, Memory) = (number, name, HostSpecification.TenantTag(number), memory);
    }

    /// <summary>Its number, from 0.</summary>
    public int Number { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The owner tag of its memory.</summary>
    public OwnerTag Tag { get; }

    /// <summary>Where its memory begins, which is as long as its buffer. The buffer's pages are scattered in it.</summary>
    public PhysicalAddress Memory { get; }

    /// <summary>Maps a range of its domain, and waits until the silicon has been told.</summary>
    /// <param name="iova">Where, a multiple of the domain's smallest page; nothing is mapped there.</param>
    /// <param name="size">Bytes, likewise.</param>
    /// <param name="to">The memory, likewise; null for the beginning of the tenant's own.</param>
    /// <param name="protection">What is allowed.</param>
    public async Task Map(ulong iova, ulong size, PhysicalAddress? to = null, Protection protection = Protection.Read | Protection.Write)
    {
        var mapped = await _platform.AskDomain<DomainMessages.Mapped>(this, new DomainMessages.Map(new Iova(iova), to ?? Memory, size, protection), $"to map 0x{iova:x}");
        if (mapped.Failure != null || mapped.Size != size)
            TestPlatform.Fail($"expected {this} to map 0x{size:x} bytes at 0x{iova:x}, but {mapped.Failure ?? $"0x{mapped.Size:x} were mapped"}");
    }

    /// <summary>Unmaps a range of its domain, and waits until the silicon has invalidated it.</summary>
    /// <param name="iova">Where.</param>
    /// <param name="size">Bytes, all of them mapped.</param>
    public async Task Unmap(ulong iova, ulong size)
    {
        var unmapped = await _platform.AskDomain<DomainMessages.Unmapped>(this, new DomainMessages.Unmap(new Iova(iova), size), $"to unmap 0x{iova:x}");
        if (unmapped.Failure != null || unmapped.Size != size)
            TestPlatform.Fail($"expected {this} to unmap 0x{size:x} bytes at 0x{iova:x}, but {unmapped.Failure ?? $"0x{unmapped.Size:x} were unmapped"}");
    }

    /// <inheritdoc/>
    public override string ToString() => $"tenant {Name}";
}
