using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A driver whose domains users can shape: parents of nested domains, nested domains, dirty tracking. Drivers without it answer -EOPNOTSUPP.</summary>
/// <remarks>Source: Linux 6.12 include/linux/iommu.h: domain_alloc_user, cache_invalidate_user, struct iommu_dirty_ops.</remarks>
public interface IUserDomainDriver : IIommuDriver
{
    /// <summary>Makes a domain for a device.</summary>
    /// <param name="device">The device.</param>
    /// <param name="flags">What it is for.</param>
    /// <param name="parent">The parent of a nested domain; null: a paging domain.</param>
    /// <param name="data">The user's description of it, or null.</param>
    /// <returns>A domain of type <see cref="DomainType.Nested"/> if there is a parent, else a paging one.</returns>
    /// <exception cref="DriverException">EOPNOTSUPP: an unknown form of data, or flags that this device cannot have. EINVAL: a wrong parent or length.</exception>
    IommuDomain AllocateUserDomain(IommuDevice device, HwptFlags flags, IommuDomain? parent, UserData? data);

    /// <summary>Invalidates what hardware has cached of a nested domain. Says in <see cref="UserDataArray.Done"/> how far it came.</summary>
    IEnumerable<DriverStep> InvalidateUser(IommuDomain nested, UserDataArray requests);

    /// <summary>Whether writes through this domain can be tracked (it has dirty_ops).</summary>
    bool TracksDirty(IommuDomain domain);

    /// <summary>Starts or stops tracking.</summary>
    IEnumerable<DriverStep> SetDirtyTracking(IommuDomain domain, bool enable);

    /// <summary>Collects which pages of a mapped range were written.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="range">The addresses.</param>
    /// <param name="bitmap">Receives them; null: nobody wants to know, the marks are only cleared.</param>
    /// <param name="clear">Whether the marks are cleared.</param>
    IEnumerable<DriverStep> ReadAndClearDirty(IommuDomain domain, IovaRange range, DirtyBitmap? bitmap, bool clear);
}
