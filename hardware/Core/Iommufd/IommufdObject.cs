using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>An object of an opened iommufd, known by its id. Source: Linux 6.12 drivers/iommu/iommufd/iommufd_private.h, struct iommufd_object.</summary>
public abstract class IommufdObject
{
    private protected IommufdObject(IommufdContext context)
    {
        Context = context;
        Id = context.Add(this);
    }

    /// <summary>The opened file.</summary>
    public IommufdContext Context { get; }

    /// <summary>The id, 1 and above; free for another object after the destroy.</summary>
    public int Id { get; }

    /// <summary>What holds the object besides its id: while that is not 0 a destroy is refused.</summary>
    public int Users { get; internal set; }

    /// <summary>Whether it is gone.</summary>
    public bool IsDestroyed { get; internal set; }

    /// <summary>Undoes what the object did.</summary>
    internal virtual IEnumerable<DriverStep> Teardown() => [];
}
