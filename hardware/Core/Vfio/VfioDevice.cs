using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Vfio;

/// <summary>A device bound to a VFIO driver.</summary>
public sealed class VfioDevice
{
    internal VfioDevice(VfioGroup group, IommuDevice iommu) => (Group, Iommu) = (group, iommu);

    /// <summary>Its group.</summary>
    public VfioGroup Group { get; }

    /// <summary>The device.</summary>
    public IommuDevice Iommu { get; }

    /// <summary>Its object in an opened iommufd, while it is bound to one.</summary>
    public IommufdDevice? Bound { get; private set; }

    /// <summary>Files of an opened device: any number through the group, one of its own.</summary>
    internal int OpenCount { get; set; }

    /// <summary>Opens the device's own file (/dev/vfio/devices/vfioN): nothing is claimed before <see cref="VfioDeviceFile.BindIommufd"/>.</summary>
    public VfioDeviceFile OpenCdev() => new(this, isCdev: true);

    /// <summary>Binds it to an opened iommufd, and attaches it. Result: the id of the <see cref="IommufdDevice"/>, or the error and nothing changed.</summary>
    /// <param name="context">The iommufd.</param>
    /// <param name="ioasId">What to attach it to; null: nothing.</param>
    internal IEnumerable<DriverStep> Bind(IommufdContext context, int? ioasId)
    {
        var bind = new DriverCall();
        foreach (var step in bind.Run(() => context.Bind(Iommu)))
            yield return step;
        var attach = new DriverCall();
        if (!bind.Failed)
        {
            Bound = context.Find<IommufdDevice>((int)bind.Result);
            foreach (var step in ioasId is { } id ? attach.Run(() => Bound!.Attach(id)) : [])
                yield return step;
            foreach (var step in attach.Failed ? Unbind() : [])
                yield return step;
        }

        yield return attach.Failed ? attach.Return : bind.Return;
    }

    /// <summary>Detaches and unbinds it.</summary>
    internal IEnumerable<DriverStep> Unbind()
    {
        if (Bound is not { } bound)
            yield break;
        Bound = null;
        foreach (var step in bound.Detach().Concat(bound.Unbind()).Where(step => step.Kind != DriverStepKind.Return))
            yield return step;
    }
}
