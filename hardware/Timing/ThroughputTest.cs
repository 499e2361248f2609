using System.Numerics;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Timing;

/// <summary>
/// The throughput test of pcie-bench (SIGCOMM 2018, doi:10.1145/3230543.3230560) behind VT-d: a device sends DMAs of one kind to random places of a window of
/// its memory, as fast as link, tags and IOMMU let it. The window is mapped by the driver, and each DMA goes through the silicon.
/// </summary>
/// <remarks>The silicon keeps its IOTLB from run to run. Not for several threads at once.</remarks>
public sealed class ThroughputTest : IDisposable
{
    /// <summary>The longest window in bytes.</summary>
    public const long MaxWindow = 1L << 30;

    private const ulong FirstIova = 1UL << 30;
    private const ulong FirstFrame = 4UL << 30;
    private const long Alignment = 64;

    private readonly Platform _platform;
    private readonly IommuTiming _timing;

    /// <summary>Builds the platform, and maps the window.</summary>
    /// <param name="window">Bytes, 1 to <see cref="MaxWindow"/>.</param>
    /// <param name="superpages">Whether it is mapped with pages of 2 MiB, not 4 KiB.</param>
    /// <param name="timing">What the IOMMU takes in time.</param>
    /// <exception cref="ArgumentException">The window is outside its limits.</exception>
    public ThroughputTest(long window, bool superpages, IommuTiming timing)
    {
        if (window is < 1 or > MaxWindow)
            throw new ArgumentException($"a window of {window} bytes is outside 1 to {MaxWindow}", nameof(window));
        (Window, _timing) = (window, timing);
        _platform = IommuCatalog.Find("intel")!.Create(new PlatformOptions { Iotlb = Iotlb });
        Device = _platform.Device(0);
        var driver = _platform.Driver;
        Run(driver.Probe());
        Run(driver.ProbeDevice(Device));
        var domain = driver.AllocateDomain(DomainType.Unmanaged);
        driver.Finalise(domain, Device);
        Run(driver.Attach(domain, Device));
        // Frames that lie one page off let the kernel use no larger page than 4 KiB.
        var page = superpages ? 2UL << 20 : PhysicalMemory.FrameSize;
        var size = ((ulong)window + page - 1) / page * page;
        Run(driver.Map(domain, FirstIova, superpages ? FirstFrame : FirstFrame + page, size, Protection.Read | Protection.Write));
    }

    /// <summary>The IOTLB of the measured systems: 128 entries, of which 116 to 124 could be told from outside.</summary>
    public static IotlbGeometry Iotlb { get; } = new() { Sets = 32, Ways = 4 };

    /// <summary>Bytes of the window.</summary>
    public long Window { get; }

    /// <summary>The device.</summary>
    public DmaDevice Device { get; }

    /// <summary>The silicon.</summary>
    public IIommu Unit => _platform.Bus.Units[0];

    /// <summary>A place of the window.</summary>
    /// <param name="random">Chooses it.</param>
    /// <param name="length">Bytes of the DMA, 1 to 4096: places are aligned to 64 bytes, or to a longer DMA's length, and so in one page.</param>
    public Iova Place(Random random, int length)
    {
        ArgumentNullException.ThrowIfNull(random);
        var stride = Math.Max(Alignment, BitOperations.RoundUpToPowerOf2((uint)length));
        return new Iova(FirstIova + (ulong)(random.NextInt64(Math.Max(1, Window / stride)) * stride));
    }

    /// <summary>Runs the test.</summary>
    /// <param name="device">What the device takes in time.</param>
    /// <param name="length">Bytes of each DMA, 1 to 4096.</param>
    /// <param name="access">Their direction.</param>
    /// <param name="warmUp">DMAs before the measurement, at least 1; they fill the IOTLB and the device's tags.</param>
    /// <param name="count">DMAs of the measurement, at least 1.</param>
    /// <param name="seed">Chooses the places.</param>
    /// <returns>DMAs a second.</returns>
    /// <exception cref="InvalidOperationException">The silicon refused a DMA.</exception>
    public double Run(DeviceTiming device, int length, DmaAccess access, int warmUp, int count, int seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(warmUp, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var random = new Random(seed);
        var port = new DmaPort(Unit, new TranslationTimer(_timing), new RequestTimer(device));
        var start = 0L;
        for (var i = 0; i < warmUp + count; i++)
        {
            port.Transfer(new DmaRequest(Device.Stream, Place(random, length), access, (ushort)length), 0);
            if (port.Completion.Status != DmaStatus.Completed)
                throw new InvalidOperationException($"the silicon refused DMA {i}");
            if (i == warmUp - 1)
                start = port.Issued;
        }

        return count * (double)VirtualTime.Second / (port.Issued - start);
    }

    /// <inheritdoc/>
    public void Dispose() => _platform.Dispose();

    private void Run(IEnumerable<DriverStep> sequence)
    {
        if (_platform.Bus.Run(sequence) is < 0 and var error)
            throw new InvalidOperationException($"the driver returned {error}");
    }
}
