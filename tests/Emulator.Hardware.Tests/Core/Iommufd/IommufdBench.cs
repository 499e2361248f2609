using Emulator.Hardware.Core;
using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Tests.Core.Iommufd;

/// <summary>An opened iommufd over 64 MiB of memory, and devices behind the mock driver.</summary>
internal sealed class IommufdBench : IDisposable
{
    public const ulong Page = 4096;
    public const ulong Base = MockDomain.First;
    public const ulong Ram = 0x10_0000;
    public const IoasMapFlags ReadWrite = IoasMapFlags.Readable | IoasMapFlags.Writeable;
    public const IoasMapFlags Fixed = ReadWrite | IoasMapFlags.FixedIova;

    public static IommuGroupOptions Resting { get; } = new() { DefaultDomainType = DomainType.Identity };

    private readonly Bus _bus;

    public IommufdBench(IommufdOptions? options = null)
    {
        _bus = new Bus(Memory);
        Context = new IommufdContext(Memory, options);
    }

    public PhysicalMemory Memory { get; } = new(new MemoryRange(0, 64 << 20));

    public MockDriver Driver { get; } = new();

    public IommufdContext Context { get; }

    /// <summary>Devices of one new group, in its default domain.</summary>
    public IommuDevice[] Group(params string[] names) => Group(names, member => new IommuDevice(Driver, member.Group, member.Member));

    public IommuDevice[] Group(string[] names, Func<(IommuGroup Group, GroupMember Member), IommuDevice> device)
    {
        GroupMember[] members = [.. names.Select(name => new GroupMember(new DmaDevice(name, new StreamId((uint)name[0]))))];
        var group = new IommuGroup(Driver, members, Resting);
        Ok(group.AttachDefault());
        return [.. members.Select(member => device((group, member)))];
    }

    public IommufdDevice Bind(IommuDevice device) => Context.Find<IommufdDevice>((int)Ok(Context.Bind(device)))!;

    public IommufdDevice Bind(string name = "a") => Bind(Group(name)[0]);

    /// <summary>An address space with a device attached.</summary>
    public Ioas Mock(out IommufdDevice device)
    {
        var ioas = Context.AllocateIoas();
        device = Bind();
        Ok(device.Attach(ioas.Id));
        return ioas;
    }

    public T Hwpt<T>(IommufdDevice device, int ptId, HwptFlags flags = HwptFlags.None, UserData? data = null, int fault = 0)
        where T : Hwpt => Context.Find<T>((int)Ok(Context.AllocateHwpt(new HwptAllocation(device.Id, ptId) { Flags = flags, Data = data, FaultId = fault })))!;

    public MockPageTable TableOf(IommufdDevice device) => ((MockDomain)device.Hwpt!.Domain).Table;

    public long Run(IEnumerable<DriverStep> sequence) => _bus.Run(sequence);

    public long Ok(IEnumerable<DriverStep> sequence)
    {
        var result = Run(sequence);
        Assert.True(result >= 0, $"failed with {(Errno)(-result)}");
        return result;
    }

    public void Fails(Errno errno, IEnumerable<DriverStep> sequence) => Assert.Equal(-(long)errno, Run(sequence));

    public ulong MapAt(Ioas ioas, ulong iova, ulong length, ulong physical = Ram, IoasMapFlags flags = Fixed) =>
        (ulong)Ok(ioas.Map(UserMemory.At(physical, length), length, flags, iova));

    public void Dispose() => Memory.Dispose();
}
