using Emulator.Hardware.Core;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Tests.Core;

/// <summary>A group of scripted devices named d0, d1, ... whose probe has ended.</summary>
internal sealed class GroupRig
{
    public GroupRig(
        KernelVersion kernel, int devices = 2, IommuGroupOptions? options = null, Func<GroupMember, GroupMember>? members = null, ScriptedDriver? driver = null)
    {
        Driver = driver ?? new ScriptedDriver(kernel);
        members ??= member => member;
        Group = new IommuGroup(Driver, Enumerable.Range(0, devices).Select(index => members(Member(index))), options);
        (A, B) = (Group.AllocateDomain(DomainType.Unmanaged), Group.AllocateDomain(DomainType.Unmanaged));
        Assert.Equal(0, Run(Group.AttachDefault()));
        Driver.Calls.Clear();
    }

    public static object VfioOwner { get; } = new();

    public ScriptedDriver Driver { get; }

    public IommuGroup Group { get; }

    /// <summary>The domain that calls name U0.</summary>
    public IommuDomain A { get; }

    /// <summary>The domain that calls name U1.</summary>
    public IommuDomain B { get; }

    public static GroupMember Member(int index) => new(new DmaDevice($"d{index}", new StreamId((uint)index)) { PasidBits = 4 });

    /// <summary>Two devices in no default domain, as 6.1 leaves them where the driver has none.</summary>
    public static GroupRig WithoutDefault(bool hasDetach = true) => new(
        KernelVersion.Linux61,
        options: new IommuGroupOptions { DefaultDomainType = null, HasDetach = hasDetach },
        driver: new ScriptedDriver(KernelVersion.Linux61, native: false));

    /// <summary>The result of a sequence. It must be its last step.</summary>
    public static long Run(IEnumerable<DriverStep> sequence)
    {
        var steps = sequence.ToList();
        Assert.Equal(DriverStepKind.Return, steps[^1].Kind);
        Assert.Single(steps, step => step.Kind == DriverStepKind.Return);
        return steps[^1].Result;
    }

    public static void Is(Errno expected, IEnumerable<DriverStep> sequence) => Assert.Equal(-(long)expected, Run(sequence));

    public GroupRig Claimed() => After(Group.ClaimDmaOwner(VfioOwner));

    public GroupRig After(params IEnumerable<DriverStep>[] sequences)
    {
        foreach (var sequence in sequences)
            Is(Errno.None, sequence);
        Driver.Calls.Clear();
        return this;
    }

    public void Called(params string[] calls) => Assert.Equal(calls, Driver.Calls);
}
