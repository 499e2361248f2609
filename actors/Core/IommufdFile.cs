using Emulator.Hardware.Core;
using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Core;

/// <summary>/dev/iommu as a process of a tenant has it open.</summary>
internal sealed class IommufdFile(KernelCore core, int id, OwnerTag tenant, UserMemory memory, IommufdContext context)
{
    // What was handed out; some of it may be gone.
    private readonly SortedSet<int> _ids = [];

    public KernelCore Core => core;

    public int Id => id;

    /// <summary>Whose process it is.</summary>
    public OwnerTag Tenant => tenant;

    /// <summary>The process's buffer.</summary>
    public UserMemory Memory => memory;

    public IommufdContext Context => context;

    /// <summary>What the operation on its way has read from a fault queue; whoever answers takes it.</summary>
    public IReadOnlyList<PageFault> FaultsRead { get; set; } = [];

    public IEnumerable<IommufdDevice> Devices => _ids.Select(context.Find<IommufdDevice>).OfType<IommufdDevice>();

    public IEnumerable<DriverStep> With<T>(int objectId, Func<T, IEnumerable<DriverStep>> operation)
        where T : IommufdObject => context.Find<T>(objectId) is { } found ? operation(found) : [DriverStep.Fail(Errno.ENOENT)];

    public IEnumerable<CoreGrant> Aim(int deviceId, Func<CoreGroup, OwnerTag> aim) =>
        context.Find<IommufdDevice>(deviceId) is { } device ? Aim(device.Iommu.Group, aim) : [];

    public IEnumerable<CoreGrant> Aim(IommuGroup group, Func<CoreGroup, OwnerTag> aim) =>
        core.Groups.Where(found => found.Group == group).Select(found => new CoreGrant(found.Index, aim(found), found.Granted));

    /// <summary>Notes an id that an operation has handed out, so that the close finds it.</summary>
    public void Note(long handedOut)
    {
        if (handedOut is > 0 and <= int.MaxValue && context.Find<IommufdObject>((int)handedOut) != null)
            _ids.Add((int)handedOut);
    }

    /// <summary>Detaches, unbinds, and destroys what is left, users before what they use.</summary>
    public IEnumerable<DriverStep> Close()
    {
        var ignored = new SequenceResult();
        foreach (var device in Devices.ToList())
        {
            foreach (var step in ignored.Of(device.Detach()).Concat(ignored.Of(device.Unbind())))
                yield return step;
        }

        foreach (var queue in _ids.Select(context.Find<FaultQueue>))
            queue?.Close();
        foreach (var left in new[] { typeof(HwptNested), typeof(HwptPaging), typeof(Ioas), typeof(FaultQueue) }.SelectMany(Left).ToList())
        {
            foreach (var step in ignored.Of(context.Destroy(left)))
                yield return step;
        }

        core.Forget(this);
        yield return DriverStep.Return(0);
    }

    private IEnumerable<int> Left(Type type) => _ids.Where(found => type.IsInstanceOfType(context.Find<IommufdObject>(found)));
}
