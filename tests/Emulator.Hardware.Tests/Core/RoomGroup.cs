using System.Numerics;
using Emulator.Hardware.Core;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Core;

/// <summary>A group of one device on real silicon, and two domains that map its page to different frames. Its DMA is sent between every two steps, and goes to
/// the old domain, to the new
/// one, to nothing - or it strays.</summary>
internal sealed class RoomGroup : IDisposable
{
    private const ulong UsualIova = 0x4000_0000;
    private const ulong Page = 0x10000;
    private const ulong Far = 0x100_0000;

    private readonly Platform _platform;
    private readonly DmaDevice _device;
    private readonly DmaRequest[] _request = new DmaRequest[1];
    private readonly DmaCompletion[] _completion = new DmaCompletion[1];
    private readonly FaultRecord[] _faults = new FaultRecord[16];
    private bool _hasWindows;
    private int _warnings;

    public RoomGroup(IommuRoom room, KernelVersion kernel, IommuGroupOptions options)
    {
        // Without a limit every stale answer that the driver leaves possible is seen.
        _platform = room.Create(new PlatformOptions { Kernel = kernel, Iotlb = IotlbGeometry.WithoutLimit });
        _device = _platform.Device(0);
        Assert.True(_platform.Bus.Run(Driver.Probe()) >= 0 && _platform.Bus.Run(Driver.ProbeDevice(_device)) >= 0);
        Group = new IommuGroup(Driver, [new GroupMember(_device)], options);
        Assert.True(_platform.Bus.Run(Group.AttachDefault()) >= 0 && _platform.Bus.Run(Driver.ResumeDevice(_device)) >= 0);
        (A, B) = (MakeDomain(), MakeDomain());
    }

    public IommuGroup Group { get; }

    public IommuDomain A { get; }

    public IommuDomain B { get; }

    /// <summary>What went wrong, once each: call, and where DMA went or what the call came to.</summary>
    public List<string> Strayed { get; } = [];

    private IIommuDriver Driver => _platform.Driver;

    // Some domains have no geometry before they are attached.
    private ulong Iova => A.Geometry.Contains(UsualIova) || A.Geometry == default ? UsualIova : (A.Geometry.First + Page - 1) & ~(Page - 1);

    private static ulong FrameOf(char domain) => domain == 'A' ? 0x6001_0000UL : 0x6801_0000;

    /// <summary>A call of the core, with DMA between its steps.</summary>
    public void Switch(string call, IEnumerable<DriverStep> sequence)
    {
        var old = Group.Domain;
        var landed = new SortedSet<string>(StringComparer.Ordinal) { Send(DmaAccess.Read), Send(DmaAccess.Write) };
        var result = _platform.Bus.Run(sequence, _ => landed.UnionWith([Send(DmaAccess.Read), Send(DmaAccess.Write)]));
        landed.UnionWith([Send(DmaAccess.Read), Send(DmaAccess.Write)]);
        string[] allowed = ["nothing", .. LandingsOf(old), .. LandingsOf(Group.Domain)];
        Note(call, result);
        foreach (var landing in landed.Except(allowed, StringComparer.Ordinal))
            Strayed.Add($"{call}: {landing}");
    }

    /// <summary>A call of the core without any DMA; it must succeed.</summary>
    public void Quietly(IEnumerable<DriverStep> sequence) => Assert.Equal(0, _platform.Bus.Run(sequence));

    /// <summary>The device sleeps and wakes, as VFIO has it when it is opened.</summary>
    public void Wake()
    {
        _platform.Bus.Run(Driver.SuspendDevice(_device));
        _platform.Bus.Run(Driver.ResumeDevice(_device));
    }

    /// <summary>Maps the device's page in a domain, unless that is done. Some drivers do it for attached domains only.</summary>
    public void Map(char name)
    {
        var domain = name == 'A' ? A : B;
        var size = Math.Max(domain.PageTable is { } table ? 1UL << BitOperations.TrailingZeroCount(table.PageSizeBitmap) : 0, 0x1000);
        if (domain.PageTable?.Lookup(Iova) is null or 0)
            _hasWindows |= _platform.Bus.Run(Driver.Map(domain, Iova, FrameOf(name), size, Protection.Read | Protection.Write)) == -(long)Errno.ENODEV;
        if (Group.Domain == domain && Send(DmaAccess.Read) is { } landed && !LandingsOf(domain).Contains(landed))
            Strayed.Add($"in {name}: {landed}");
    }

    /// <summary>Maps something in domain A, at an offset of its own page; the result.</summary>
    public long MapA(ulong offset, ulong physical, ulong size) =>
        _platform.Bus.Run(Driver.Map(A, Iova + Far + offset, FrameOf('A') + physical, size, Protection.Read | Protection.Write));

    /// <summary>What domain A says of that offset; 0 for nothing.</summary>
    public ulong FindA(ulong offset) => DomainMapping.IovaToPhys(A, Iova + Far + offset);

    public void Dispose() => _platform.Dispose();

    // Domains of an IOMMU that cannot map are windows to all memory.
    private string[] LandingsOf(IommuDomain? domain)
    {
        var own = domain == A ? "A" : domain == B ? "B" : null;
        return own != null ? [_hasWindows ? "identity" : own] : domain?.Type == DomainType.Identity ? ["identity"] : [];
    }

    private IommuDomain MakeDomain()
    {
        var domain = Group.AllocateDomain(DomainType.Unmanaged);
        Driver.Finalise(domain, _device);
        return domain;
    }

    private void Note(string call, long result)
    {
        if (result < 0)
            Strayed.Add($"{call}: -{(Errno)(-result)}");
        if (Group.Warnings.Count > _warnings)
            Strayed.Add($"{call}: WARN");
        _warnings = Group.Warnings.Count;
    }

    private string Send(DmaAccess access)
    {
        var unit = _platform.Bus.Units[_device.Streams[0].Unit];
        _request[0] = new DmaRequest(_device.Stream, new Iova(Iova), access);
        unit.Translate(_request, _completion);
        unit.Faults.Take(_faults);
        try
        {
            if (unit.InterruptAsserted)
                _platform.Bus.Run(Driver.HandleInterrupt());
        }
        catch (KernelBugException)
        {
            // The kernel would stop here; where DMA goes does not depend on it.
        }

        if (_completion[0].Status != DmaStatus.Completed)
            return "nothing";
        var landed = _completion[0].Address.Value;
        return landed == Iova ? "identity" : landed == FrameOf('A') ? "A" : landed == FrameOf('B') ? "B"
            : _platform.Memory.OwnerOf(landed) == OwnerTag.ProtectBuffer ? "nothing" : "elsewhere";
    }
}
