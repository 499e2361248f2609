using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Core;

/// <summary>The conversation about /dev/iommu, on hosts that start <see cref="Hosts.StartsWith.Kernel"/>.</summary>
public static class IommufdMessages
{
    /// <summary>A process of a tenant opens /dev/iommu. Answer: <see cref="IommufdAnswer"/>; -EOPNOTSUPP: Linux 6.1 has none, or the host did not
    /// start as a kernel does.</summary>
    /// <param name="Tenant">Whose memory the process has: the tenant's buffer. Not a tenant: -EINVAL.</param>
    public sealed record OpenIommufd(OwnerTag Tenant);

    /// <summary>Operates on an opened file. Answer: <see cref="IommufdAnswer"/>.</summary>
    /// <param name="Context">The file; one that is not open: -ENOENT.</param>
    /// <param name="Operation">What to do.</param>
    public sealed record IommufdCall(int Context, IommufdOperation Operation);

    /// <summary>What an operation came to.</summary>
    /// <param name="Host">The host's name.</param>
    /// <param name="Context">The file.</param>
    /// <param name="Errno">The error, without its sign; EIO: the driver ran into a BUG.</param>
    /// <param name="Value">What the ioctl hands out: an id, a number of bytes, an input address; else 0.</param>
    public sealed record IommufdAnswer(string Host, int Context, Errno Errno, long Value)
    {
        /// <summary>The page requests that <see cref="IommufdOperation.ReadFaults"/> has read; empty otherwise.</summary>
        public IReadOnlyList<PageFault> Faults { get; init; } = [];
    }
}
