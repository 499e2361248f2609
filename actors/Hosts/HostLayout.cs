using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Hosts;

/// <summary>Where the buffers of a host's tenants are: at which IOVAs, the same ones for all, and in which frames.</summary>
/// <param name="IovaBase">Where each buffer begins in its domain.</param>
/// <param name="Memory">Where the first tenant's frames begin; the others' follow, and those of whoever gets freed tables.</param>
/// <param name="Stride">Bytes from one to the next.</param>
public sealed record HostLayout(ulong IovaBase, ulong Memory, ulong Stride)
{
    private const ulong UsualIova = 0x1000_0000;
    private const ulong UsualMemory = 0x4000_0000;

    /// <summary>Decides it. What only the driver knows - which IOVAs a domain has, how far table words reach - is asked of it on a platform of its own.</summary>
    /// <remarks>The driver's tables are at the top of the memory that table words can point to, so all that is mapped lies below them.</remarks>
    /// <exception cref="ArgumentException">The specification is outside its limits, the room has no such variant, or the buffers do not fit.</exception>
    public static HostLayout Of(HostSpecification specification)
    {
        ArgumentNullException.ThrowIfNull(specification);
        specification.Validate();
        using var platform = specification.CreatePlatform();
        var geometry = GeometryOf(platform);
        var size = specification.BufferSize;
        var iova = specification.IovaBase ?? ChooseIova(geometry, size);
        if (!Holds(geometry, iova, size))
        {
            throw new ArgumentException(
                $"host {specification.Name}: a buffer of 0x{size:x} bytes at IOVA 0x{iova:x} is not inside the addresses that {specification.Room.Name} maps, 0x{geometry.First:x} to 0x{geometry.Last:x}");
        }

        var tables = platform.Frames.Start;
        if (iova + size > tables || !platform.Memory.IsRam(iova, size))
            throw new ArgumentException($"host {specification.Name}: the frames at IOVA 0x{iova:x} have to be a bystander's, but memory for that ends at 0x{tables:x}");
        var stride = Math.Max(size, PhysicalMemory.BankSize);
        var bytes = (ulong)(specification.Tenants + 1) * stride;
        var memory = iova < UsualMemory + bytes && iova + size > UsualMemory ? (iova + size + stride - 1) & ~(stride - 1) : UsualMemory;
        return memory + bytes <= tables
            ? new HostLayout(iova, memory, stride)
            : throw new ArgumentException(
                $"host {specification.Name}: {specification.Tenants} buffers of 0x{size:x} bytes and one to spare do not fit from 0x{memory:x} to 0x{tables:x}, where the tables of {specification.Room.Name} begin");
    }

    private static ulong ChooseIova(DomainGeometry geometry, ulong size) => Holds(geometry, UsualIova, size)
        ? UsualIova
        : (geometry.First + PhysicalMemory.BankSize - 1) & ~(PhysicalMemory.BankSize - 1);

    private static bool Holds(DomainGeometry geometry, ulong iova, ulong size) => geometry.Contains(iova) && geometry.Contains(iova + size - 1);

    // A driver that refuses here refuses the host itself likewise, and that one says why.
    private static DomainGeometry GeometryOf(Platform platform)
    {
        try
        {
            var device = platform.Device(0);
            platform.Bus.Run(platform.Driver.Probe());
            platform.Bus.Run(platform.Driver.ProbeDevice(device));
            var domain = platform.Driver.AllocateDomain(DomainType.Unmanaged);
            platform.Driver.Finalise(domain, device);
            return domain.Geometry;
        }
        catch (Exception error) when (error is DriverException or KernelBugException)
        {
            return DomainGeometry.All;
        }
    }
}
