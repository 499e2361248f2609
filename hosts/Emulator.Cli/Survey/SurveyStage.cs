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
/// these IOVAs belong to a third party. So the landing address alone says which way a DMA went.
/// </summary>
internal sealed class SurveyStage : IDisposable
{
    /// <summary>The page that is used from the start.</summary>
    public const int WarmSlot = 0;

    // The distance between pages is the largest smallest-page of any format, and A and B lie apart from the IOVA by an odd multiple of it: no
    // table can join two pages into a larger one.
    private const ulong SlotStride = 0x10000;
    private const ulong FirstIova = 0x4000_0000;
    private const ulong FirstFrameOfA = 0x2_0001_0000;
    private const ulong FirstFrameOfB = 0x3_0001_0000;
    private const ulong OffsetInPage = 0x40;

    private static readonly OwnerTag OwnerOfA = new(1);
    private static readonly OwnerTag OwnerOfB = new(2);
    private static readonly OwnerTag ThirdParty = new(3);

    private readonly Platform _platform;
    private readonly DmaDevice _device;
    private readonly IommuDomain _a;
    private readonly IommuDomain _b;
    private readonly IIommu _unit;
    private readonly DmaRequest[] _request = new DmaRequest[1];
    private readonly DmaCompletion[] _completion = new DmaCompletion[1];
    private readonly FaultRecord[] _faults = new FaultRecord[16];
    private readonly IommuDomain? _empty;

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
        _unit = Bus.Units[_device.Streams[0].Unit];
        Slots = slots;
        Run(Driver.Probe(), "probe");
        Run(Driver.ProbeDevice(_device), "probe of the device");
        _a = MakeDomain(FirstFrameOfA, slots);
        _b = MakeDomain(FirstFrameOfB, slots);
        if (strategy == SurveyStrategy.Empty)
            _empty = MakeDomain(0, 0);
        Memory.SetOwner(FirstFrameOfA, (ulong)slots * SlotStride, OwnerOfA);
        Memory.SetOwner(FirstFrameOfB, (ulong)slots * SlotStride, OwnerOfB);
        Memory.SetOwner(FirstIova, (ulong)slots * SlotStride, ThirdParty);
    }

    /// <summary>Pages mapped in each domain.</summary>
    public int Slots { get; }

    /// <summary>The bus.</summary>
    public Bus Bus => _platform.Bus;

    private IIommuDriver Driver => _platform.Driver;

    private PhysicalMemory Memory => _platform.Memory;

    /// <summary>The attach to domain A.</summary>
    public IEnumerable<DriverStep> AttachA() => Driver.Attach(_a, _device);

    /// <summary>The attach to domain B.</summary>
    public IEnumerable<DriverStep> AttachB() => Driver.Attach(_b, _device);

    /// <summary>What the strategy does to make the device leave domain A.</summary>
    public IEnumerable<DriverStep> Leave(SurveyStrategy strategy) => strategy switch
    {
        SurveyStrategy.Detach => Driver.Detach(_a, _device),
        SurveyStrategy.Empty => Driver.Attach(_empty!, _device),
        _ => Driver.Block(_device),
    };

    /// <summary>Whether this kernel's driver offers the strategy.</summary>
    public bool Offers(SurveyStrategy strategy) => strategy != SurveyStrategy.Native || Driver.HasNativeBlocking;

    /// <summary>Performs a sequence to its end.</summary>
    /// <exception cref="DriverException">It ended with an error.</exception>
    public void Run(IEnumerable<DriverStep> sequence, string name, Action<DriverStep>? afterEach = null)
    {
        var result = Bus.Run(sequence, afterEach);
        if (result < 0)
            throw new DriverException((Errno)(-result), $"{name} failed");
    }

    /// <summary>Performs the first steps of a sequence.</summary>
    public void RunPart(IEnumerable<DriverStep> sequence, int steps)
    {
        foreach (var step in sequence.Take(steps))
            Bus.Perform(step);
    }

    /// <summary>Sends one DMA of four bytes to a page, and lets the driver's interrupt handler read what the silicon recorded.</summary>
    public SurveyDma Send(int slot, DmaAccess access)
    {
        var iova = FirstIova + ((ulong)slot * SlotStride) + OffsetInPage;
        _request[0] = new DmaRequest(_device.Stream, new Iova(iova), access);
        _unit.Translate(_request, _completion);
        var fault = _unit.Faults.Take(_faults) > 0 ? _faults[0] : (FaultRecord?)null;
        if (_unit.InterruptAsserted)
            Bus.Run(Driver.HandleInterrupt());
        if (_completion[0].Status != DmaStatus.Completed)
            return new SurveyDma(access, iova, SurveyLanding.Nowhere, null, fault);
        var landed = _completion[0].Address.Value;
        return new SurveyDma(access, iova, Identify(landed, iova), landed, fault);
    }

    /// <inheritdoc/>
    public void Dispose() => _platform.Dispose();

    private static SurveyLanding Identify(ulong landed, ulong iova)
    {
        if (landed == iova)
            return SurveyLanding.OwnAddress;
        if (landed == iova - FirstIova + FirstFrameOfA)
            return SurveyLanding.DomainA;
        return landed == iova - FirstIova + FirstFrameOfB ? SurveyLanding.DomainB : SurveyLanding.Elsewhere;
    }

    private IommuDomain MakeDomain(ulong firstFrame, int slots)
    {
        var domain = Driver.AllocateDomain(DomainType.Unmanaged);
        Driver.Finalise(domain, _device);
        var table = domain.PageTable ?? throw new DriverException(Errno.EINVAL, "the domain has no page table");
        var page = Math.Max(1UL << BitOperations.TrailingZeroCount(table.PageSizeBitmap), PhysicalMemory.FrameSize);
        for (var slot = 0; slot < slots; slot++)
        {
            var offset = (ulong)slot * SlotStride;
            var map = Driver.Map(domain, FirstIova + offset, firstFrame + offset, page, Protection.Read | Protection.Write);
            Run(map, $"map of 0x{FirstIova + offset:x}");
        }

        return domain;
    }
}
