using CsCheck;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.AmdVi;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.AmdVi;

public sealed class StalenessTests
{
    private const ulong Window = 0x4000_0000;
    private const int Slots = 16;
    private const int Domains = 2;
    private const int Devices = 2;
    private static readonly ulong[] Sizes = [0x1000, 0x4000, 0x20_0000];

    // Whatever the driver has finished, the silicon with caches of any size answers as the page table of the device's domain does.
    [Theory]
    [InlineData(KernelVersion.Linux61, "v1")]
    [InlineData(KernelVersion.Linux61, "v2")]
    [InlineData(KernelVersion.Linux61, "snp")]
    [InlineData(KernelVersion.Linux612, "v1")]
    [InlineData(KernelVersion.Linux612, "v2")]
    [InlineData(KernelVersion.Linux612, "snp")]
    public void After_each_finished_operation_nothing_stale_is_left(KernelVersion kernel, string variant)
    {
        var operation = Gen.Select(Gen.Int[0, 5], Gen.Int[0, Domains - 1], Gen.Int[0, Devices - 1], Gen.Int[0, Slots - 1], Gen.Int[0, Sizes.Length - 1]);
        operation.List[1, 40].Sample(
            operations =>
            {
                using var life = new Life(kernel, variant);
                foreach (var (kind, domain, device, slot, size) in operations)
                {
                    life.Perform(kind, domain, device, slot, Sizes[size]);
                    life.Check();
                }
            },
            iter: 30,
            threads: 1);
    }

    private sealed class Life : IDisposable
    {
        private readonly Platform _platform;
        private readonly IommuDomain[] _domains;
        private readonly IommuDomain?[] _attached = new IommuDomain?[Devices];

        public Life(KernelVersion kernel, string variant)
        {
            _platform = AmdViRoom.Room.Create(new PlatformOptions { Kernel = kernel, Variant = variant, Iotlb = IotlbGeometry.WithoutLimit });
            _platform.Bus.Run(_platform.Driver.Probe());
            _domains = [_platform.Driver.AllocateDomain(DomainType.Dma), _platform.Driver.AllocateDomain(DomainType.Unmanaged)];
        }

        public void Perform(int kind, int domain, int device, int slot, ulong size)
        {
            var gather = new InvalidationGather();
            var iova = Window + ((ulong)slot * Sizes[^1]);
            var target = _domains[domain];
            switch (kind)
            {
                case 0 or 1 when target.PageTable!.Lookup(iova) == null && (size == Sizes[0] || target.PageTable.Lookup(iova + 0x1000) == null):
                    DomainPaging.Map(target.PageTable, iova, 0x1_0000_0000 + ((ulong)(domain + 1) << 32) + iova, size, Protection.Read | Protection.Write, gather);
                    _platform.Bus.Run(_platform.Driver.SyncMap(target, new Iova(iova), size, gather));
                    break;
                case 2 when target.PageTable!.Lookup(iova) != null:
                    DomainPaging.Unmap(target.PageTable, iova, size, gather);
                    _platform.Bus.Run(_platform.Driver.Sync(target, gather));
                    break;
                case 3 or 4:
                    Assert.Equal(0, _platform.Bus.Run(_platform.Driver.Attach(target, _platform.Device(device))));
                    _attached[device] = target;
                    break;
                case 5 when _attached[device] is { } left:
                    _platform.Bus.Run(_platform.Driver.Detach(left, _platform.Device(device)));
                    _attached[device] = null;
                    break;
            }
        }

        public void Check()
        {
            var completion = new DmaCompletion[1];
            for (var device = 0; device < Devices; device++)
            {
                for (var slot = 0; slot < Slots; slot++)
                {
                    var iova = Window + ((ulong)slot * Sizes[^1]) + ((ulong)(slot & 1) << 12);
                    _platform.Bus.Units[0].Translate([new DmaRequest(_platform.Device(device).Stream, new Iova(iova), DmaAccess.Write)], completion);
                    var expected = _attached[device]?.PageTable!.Lookup(iova);
                    Assert.Equal(expected, completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null);
                }
            }
        }

        public void Dispose() => _platform.Dispose();
    }
}
