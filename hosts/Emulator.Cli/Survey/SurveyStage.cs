using System.Numerics;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Survey;

/// <summary>
/// A fresh platform with one device and two domains that map the same IOVAs to different frames. The frames whose physical addresses equal
/// these IOVAs belong to a third party, and so do the frames of a domain that takes whatever table memory the driver frees. So the landing address
/// alone says which way a DMA went.
/// </summary>
internal sealed class SurveyStage : IDisposable
{
    /// <summary>The page that is used from the start.</summary>
    public const int WarmSlot = 0;

    // The distance between pages is the largest smallest-page of any format, and the frames lie apart from the IOVA by an odd multiple of it: no
    // table can join two pages into a larger one. Everything lies below 2 GiB: that much every IOMMU can address.
    private const ulong SlotStride = 0x10000;
    private const ulong UsualIova = 0x4000_0000;
    private const ulong FirstFrameOfA = 0x6001_0000;
    private const ulong FirstFrameOfB = 0x6801_0000;
    private const ulong FirstRecycledFrame = 0x7001_0000;
    private const ulong OffsetInPage = 0x40;

    private static readonly OwnerTag OwnerOfA = new(1);
    private static readonly OwnerTag OwnerOfB = new(2);
    private static readonly OwnerTag ThirdParty = new(3);

    private readonly Platform _platform;
    private readonly DmaDevice _device;
    private readonly DmaDevice _neighbour;
    private readonly IommuDomain _a;
    private readonly ulong _firstIova;
    private readonly DmaRequest[] _request = new DmaRequest[1];
    private readonly DmaCompletion[] _completion = new DmaCompletion[1];
    private readonly FaultRecord[] _faults = new FaultRecord[16];
    private readonly ResumedDma[] _resumed = new ResumedDma[64];
    private readonly IommuDomain _b;
    private readonly IommuDomain? _empty;
    private readonly bool _mapsWhenAttached;
    private readonly bool _hasTables;
    private long _freedSeen;

    /// <summary>Builds the platform and brings it up to the point before the first attach.</summary>
    /// <param name="room">The IOMMU.</param>
    /// <param name="variant">Its variant.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="strategy">The strategy that will be used.</param>
    /// <param name="slots">Pages to map in each domain.</param>
    public SurveyStage(IommuRoom room, string variant, KernelVersion kernel, SurveyStrategy strategy, int slots)
    {
        // Without a limit the IOTLB drops nothing by chance: every stale answer that the driver leaves possible is seen.
        _platform = room.Create(new PlatformOptions { Kernel = kernel, Variant = variant, Iotlb = IotlbGeometry.WithoutLimit });
        _device = _platform.Device(0);
        _neighbour = _platform.Device(1);
        Slots = slots;
        Run(Driver.Probe(), "probe");
        Run(Driver.ProbeDevice(_device), "probe of the device");
        Run(Driver.ProbeDevice(_neighbour), "probe of its neighbour");
        _a = MakeDomain(_device);
        _firstIova = FirstIovaIn(_a.Geometry);
        _mapsWhenAttached = !Map(_a, FirstFrameOfA);
        _b = MakeDomain(_device);
        SharesOneTable = _a.PageTable != null && _b.PageTable == _a.PageTable;
        if (_b.PageTable != null && !SharesOneTable)
            Map(_b, FirstFrameOfB);
        if (strategy == SurveyStrategy.Empty)
            _empty = MakeDomain(_device);
        Memory.SetOwner(FirstFrameOfA, Span, OwnerOfA);
        Memory.SetOwner(FirstFrameOfB, Span, OwnerOfB);
        Memory.SetOwner(FirstRecycledFrame, Span, ThirdParty);
        Memory.SetOwner(_firstIova, Span, ThirdParty);
        _freedSeen = _platform.Frames.Freed;
        _hasTables = _a.PageTable != null || _mapsWhenAttached;
    }

    /// <summary>Pages mapped in each domain.</summary>
    public int Slots { get; }

    /// <summary>The bus.</summary>
    public Bus Bus => _platform.Bus;

    /// <summary>Whether domain B turned out to be the same address space as A: the IOMMU has one table for all.</summary>
    public bool SharesOneTable { get; }

    private IIommuDriver Driver => _platform.Driver;

    private PhysicalMemory Memory => _platform.Memory;

    private ulong Span => (ulong)Slots * SlotStride;

    /// <summary>The attach to domain A. The device wakes with it.</summary>
    public IEnumerable<DriverStep> AttachA() => DriverSequence.InTurn([Driver.Attach(_a, _device), Driver.ResumeDevice(_device)]);

    /// <summary>A is attached: maps its pages where the driver maps for attached devices only.</summary>
    public void SettleA()
    {
        if (_mapsWhenAttached && _a.PageTable?.Lookup(_firstIova) is null or 0)
            Map(_a, FirstFrameOfA);
    }

    /// <summary>Maps B's pages where that could not be done before: the entries do not lie in memory, so A's and B's are the same ones.</summary>
    public void PrepareB()
    {
        if (_b.PageTable == null && !_mapsWhenAttached)
            Map(_b, FirstFrameOfB);
    }

    /// <summary>B is attached; see <see cref="SettleA"/>.</summary>
    public void SettleB()
    {
        if (_mapsWhenAttached)
            Map(_b, FirstFrameOfB);
    }

    /// <summary>The attach to domain B.</summary>
    public IEnumerable<DriverStep> AttachB() => Driver.Attach(_b, _device);

    /// <summary>What the strategy does to make the device leave domain A.</summary>
    public IEnumerable<DriverStep> Leave(SurveyStrategy strategy) => Leave(strategy, _a);

    /// <summary>What the strategy does to make the device leave domain B.</summary>
    public IEnumerable<DriverStep> LeaveB(SurveyStrategy strategy) => Leave(strategy, _b);

    private IEnumerable<DriverStep> Leave(SurveyStrategy strategy, IommuDomain domain) => strategy switch
    {
        SurveyStrategy.Detach => Driver.Detach(domain, _device),
        SurveyStrategy.Empty => Driver.Attach(_empty!, _device),
        _ => Driver.Block(_device),
    };

    /// <summary>The device sleeps and wakes again.</summary>
    public IEnumerable<DriverStep> Sleep() => DriverSequence.InTurn([Driver.SuspendDevice(_device), Driver.ResumeDevice(_device)]);

    /// <summary>Domain A is freed.</summary>
    public IEnumerable<DriverStep> FreeA() => Driver.FreeDomain(_a);

    /// <summary>Domain B is freed.</summary>
    public IEnumerable<DriverStep> FreeB() => Driver.FreeDomain(_b);

    /// <summary>The neighbour is attached to domain A.</summary>
    public IEnumerable<DriverStep> AttachNeighbour() => DriverSequence.InTurn([Driver.Attach(_a, _neighbour), Driver.ResumeDevice(_neighbour)]);

    /// <summary>The page in use is unmapped from domain A.</summary>
    public IEnumerable<DriverStep> UnmapWarmPage() => Driver.Unmap(_a, _firstIova, SmallestPage(_a));

    /// <summary>Whether this kernel's driver offers the strategy.</summary>
    public bool Offers(SurveyStrategy strategy) => strategy != SurveyStrategy.Native || Driver.HasNativeBlocking;

    /// <summary>Performs a sequence to its end.</summary>
    /// <param name="sequence">The steps.</param>
    /// <param name="name">What it is, for errors.</param>
    /// <param name="afterEach">Called after each step.</param>
    /// <param name="afterFree">Called where the driver had freed table memory before its next step, once another domain has taken that memory.</param>
    /// <exception cref="DriverException">It ended with an error.</exception>
    public void Run(IEnumerable<DriverStep> sequence, string name, Action<DriverStep>? afterEach = null, Action? afterFree = null)
    {
        foreach (var step in sequence)
        {
            if (afterFree != null && TakeFreedTables())
                afterFree();
            if (step.Kind == DriverStepKind.Return)
            {
                if (step.Result < 0)
                    throw new DriverException((Errno)(-step.Result), $"{name} failed");
                return;
            }

            Bus.Perform(step);
            afterEach?.Invoke(step);
        }

        if (afterFree != null && TakeFreedTables())
            afterFree();
    }

    /// <summary>Performs the first steps of a sequence.</summary>
    /// <param name="sequence">The steps.</param>
    /// <param name="steps">How many.</param>
    /// <param name="freed">Whether what the driver frees before the next one is freed as well.</param>
    public void RunPart(IEnumerable<DriverStep> sequence, int steps, bool freed)
    {
        using var rest = sequence.GetEnumerator();
        for (var done = 0; done < steps && rest.MoveNext(); done++)
        {
            TakeFreedTables();
            Bus.Perform(rest.Current);
        }

        if (freed && rest.MoveNext())
            TakeFreedTables();
    }

    /// <summary>Sends one DMA of four bytes to a page of the domains.</summary>
    public SurveyDma Send(int slot, DmaAccess access) => SendTo(_device, _firstIova + ((ulong)slot * SlotStride), access);

    /// <summary>The neighbour sends one to the page in use.</summary>
    public SurveyDma SendFromNeighbour(DmaAccess access) => SendTo(_neighbour, _firstIova, access);

    /// <summary>What the silicon had held of the device's DMA and has let go since.</summary>
    public IReadOnlyList<SurveyDma> TakeLetGo()
    {
        var count = Bus.Units[_device.Streams[0].Unit].TakeResumed(_resumed);
        return [.. _resumed.Take(count).Where(resumed => resumed.Request.Stream == _device.Stream && resumed.Completion.Status == DmaStatus.Completed).Select(LetGo)];

        SurveyDma LetGo(ResumedDma resumed)
        {
            var (iova, landed) = (resumed.Request.Iova.Value, resumed.Completion.Address.Value);
            return new SurveyDma(resumed.Request.Access, iova, Identify(landed, iova), landed, null);
        }
    }

    /// <summary>Sends one DMA to a page that no domain maps: outside the domain's geometry where the device can reach there, else beside the pages.</summary>
    public SurveyDma SendOutside(DmaAccess access)
    {
        var geometry = _a.Geometry;
        var page = geometry.Last < uint.MaxValue ? geometry.Last + 1 : geometry.First >= SlotStride ? geometry.First - SlotStride : _firstIova + Span;
        Memory.SetOwner(page, SlotStride, ThirdParty);
        return SendTo(_device, page, access);
    }

    /// <inheritdoc/>
    public void Dispose() => _platform.Dispose();

    private static ulong FirstIovaIn(DomainGeometry geometry) =>
        geometry.Contains(UsualIova) ? UsualIova : (geometry.First + SlotStride - 1) & ~(SlotStride - 1);

    // The driver's interrupt handler reads what the silicon recorded. Where that stops the kernel, the survey goes on and says so.
    private SurveyDma SendTo(DmaDevice device, ulong page, DmaAccess access)
    {
        var iova = page + OffsetInPage;
        var unit = Bus.Units[device.Streams[0].Unit];
        _request[0] = new DmaRequest(device.Stream, new Iova(iova), access);
        unit.Translate(_request, _completion);
        var fault = unit.Faults.Take(_faults) > 0 ? _faults[0] : (FaultRecord?)null;
        string? bug = null;
        try
        {
            if (unit.InterruptAsserted)
                Bus.Run(Driver.HandleInterrupt());
        }
        catch (KernelBugException stopped)
        {
            bug = stopped.Message;
        }

        if (_completion[0].Status == DmaStatus.Stalled)
            return new SurveyDma(access, iova, SurveyLanding.Held, null, fault, bug);
        if (_completion[0].Status != DmaStatus.Completed)
            return new SurveyDma(access, iova, SurveyLanding.Nowhere, null, fault, bug);
        var landed = _completion[0].Address.Value;
        return new SurveyDma(access, iova, Identify(landed, iova), landed, fault, bug);
    }

    private SurveyLanding Identify(ulong landed, ulong iova)
    {
        var offset = iova - _firstIova;
        if (landed == iova)
            return SurveyLanding.OwnAddress;
        if (landed == offset + FirstFrameOfA)
            return SurveyLanding.DomainA;
        if (landed == offset + FirstFrameOfB)
            return SurveyLanding.DomainB;
        // Tables may be handed out again in another order: a page of another address is one of that domain's too.
        if (landed - FirstRecycledFrame < Span)
            return SurveyLanding.FreedTable;
        return Memory.OwnerOf(landed) == OwnerTag.ProtectBuffer ? SurveyLanding.ProtectBuffer : SurveyLanding.Elsewhere;
    }

    private static ulong SmallestPage(IommuDomain domain) =>
        Math.Max(domain.PageTable is { } table ? 1UL << BitOperations.TrailingZeroCount(table.PageSizeBitmap) : 0, PhysicalMemory.FrameSize);

    private IommuDomain MakeDomain(DmaDevice device)
    {
        var domain = Driver.AllocateDomain(DomainType.Unmanaged);
        Driver.Finalise(domain, device);
        return domain;
    }

    // An IOMMU that maps nothing has domains that are windows to all memory: they stay as they are. False: the driver wants the domain attached first.
    private bool Map(IommuDomain domain, ulong firstFrame)
    {
        var page = SmallestPage(domain);
        for (var slot = 0; slot < Slots; slot++)
        {
            var offset = (ulong)slot * SlotStride;
            var result = Bus.Run(Driver.Map(domain, _firstIova + offset, firstFrame + offset, page, Protection.Read | Protection.Write));
            if (result == -(long)Errno.ENODEV)
                break;
            if (result == -(long)Errno.EINVAL && slot == 0 && domain.PageTable == null)
                return false;
            if (result < 0)
                throw new DriverException((Errno)(-result), $"map of 0x{_firstIova + offset:x} failed");
        }

        return true;
    }

    // Memory that is freed is soon somebody else's. Here it becomes the tables of another domain, which maps the same addresses for a third party: for the device's
    // neighbour where the driver wants a domain attached before it maps.
    private bool TakeFreedTables()
    {
        if (_platform.Frames.Freed == _freedSeen || SharesOneTable || !_hasTables)
            return false;
        var domain = MakeDomain(_neighbour);
        if (!Map(domain, FirstRecycledFrame))
        {
            Run(Driver.Attach(domain, _neighbour), "attach of the neighbour");
            Map(domain, FirstRecycledFrame);
        }

        _freedSeen = _platform.Frames.Freed;
        return true;
    }
}
