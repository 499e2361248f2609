using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.TegraGart;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.TegraGart;

public sealed class TegraGartTests : IDisposable
{
    private const ulong Base = 0x5800_0000;
    private const ulong Iova = 0x5823_4000;
    private const ulong Page = 0x0012_3000;

    private static readonly DmaDevice Device = new("client17", new StreamId(0x11));
    private static readonly DmaDevice Other = new("client18", new StreamId(0x12));

    private readonly PhysicalMemory _memory = new(new MemoryRange(0, 1UL << 30));
    private readonly TegraGartIommu _gart;
    private readonly Bus _bus;
    private readonly TegraGartDriver _driver;

    public TegraGartTests()
    {
        _gart = new TegraGartIommu("gart", _memory);
        _bus = new Bus(_memory, _gart);
        _driver = new TegraGartDriver();
        Assert.Equal(0, _bus.Run(_driver.Probe()));
    }

    public void Dispose() => _memory.Dispose();

    [Theory]
    [InlineData(0x5800_0000, 0x1f00_0000, 0x9f00_0000)]
    [InlineData(0x59ff_f000, 0x3fff_f000, 0xbfff_f000)]
    [InlineData(0x5823_4000, 0x0012_3000, 0x8012_3000)]
    public void An_entry_is_selected_by_its_address_and_holds_page_and_valid_bit(ulong iova, ulong page, uint entry)
    {
        var writes = new List<(ulong, ulong)>();
        _gart.Registers.Observer = operation =>
        {
            if (operation.IsWrite)
                writes.Add((operation.Offset, operation.Value));
        };
        Assert.Equal(0, _bus.Run(_driver.Map(Attached(), iova, page, 0x1000, Protection.Read)));
        Assert.Equal([(TegraGartRegisters.EntryAddress, iova), (TegraGartRegisters.EntryData, entry)], writes);
        Assert.Equal(page + 0xabc, Dma(iova + 0xabc, DmaAccess.Write));
        Assert.Equal((long)page, _bus.Run(_driver.Lookup(iova)));
        Assert.Equal(0x1000, _bus.Run(_driver.Unmap(_driver.ActiveDomain!, iova, 0x1000)));
        Assert.Null(Dma(iova));
    }

    [Theory]
    [InlineData(0x57ff_f000, 0x1000)]
    [InlineData(0x5a00_0000, 0x1000)]
    [InlineData(0x5800_0800, 0x1000)]
    public void Outside_the_aperture_and_off_the_page_nothing_is_mapped(ulong iova, ulong size)
    {
        Assert.Equal(-(long)Errno.EINVAL, _bus.Run(_driver.Map(Attached(), iova, Page, size, Protection.Read)));
        Assert.Equal(0, _bus.Run(_driver.Unmap(_driver.ActiveDomain!, iova, size)));
    }

    [Fact]
    public void An_unmap_off_the_page_still_waits_for_the_entries_as_the_core_syncs_in_any_case()
    {
        var steps = _driver.Unmap(Attached(), 0x5800_0800, 0x1000).ToList();
        Assert.Equal([DriverStepKind.ReadRegister, DriverStepKind.Return], steps.Select(step => step.Kind));
        Assert.Equal((TegraGartRegisters.Configuration, 0L), (steps[0].Address, steps[1].Result));
    }

    [Fact]
    public void The_memory_controllers_driver_unmasks_its_three_causes() => Assert.Equal(0x1c0UL, Read(TegraGartRegisters.InterruptMask));

    [Fact]
    public void A_map_that_runs_out_of_the_aperture_takes_its_first_pages_back()
    {
        Assert.Equal(-(long)Errno.EINVAL, _bus.Run(_driver.Map(Attached(), 0x59ff_f000, Page, 0x2000, Protection.Read)));
        Assert.Null(Dma(0x59ff_f000));
    }

    [Theory]
    [InlineData(DmaAccess.Read, 0x22)]
    [InlineData(DmaAccess.Write, 0x23)]
    public void An_aperture_access_without_an_entry_is_recorded_with_client_and_direction(DmaAccess access, ulong request)
    {
        Attached();
        Assert.Null(Dma(0x5800_1000, access));
        Assert.Equal((ulong)TegraGartRegisters.InvalidPage, Read(TegraGartRegisters.InterruptStatus));
        Assert.Equal(request, Read(TegraGartRegisters.ErrorRequest));
        Assert.Equal(0x5800_1000UL, Read(TegraGartRegisters.ErrorAddress));
        var fault = TakeFault();
        Assert.Equal((FaultReason.NotPresent, (ushort)7), (fault.Reason, fault.Code));
        Assert.True(_gart.InterruptAsserted);
        Assert.Equal(1, _bus.Run(_driver.HandleInterrupt()));
        Assert.False(_gart.InterruptAsserted);
        Assert.Equal(0, _bus.Run(_driver.HandleInterrupt()));
    }

    [Fact]
    public void An_address_that_nothing_decodes_is_recorded_as_such()
    {
        Assert.Null(Dma(0x7000_0000, DmaAccess.Write));
        Assert.Equal((ulong)TegraGartRegisters.DecodeError, Read(TegraGartRegisters.InterruptStatus));
        Assert.Equal(0x8000_0011UL, Read(TegraGartRegisters.DecodeErrorStatus));
        Assert.Equal(0x7000_0000UL, Read(TegraGartRegisters.DecodeErrorAddress));
        Assert.Equal((ushort)6, TakeFault().Code);
        Assert.Equal(1, _bus.Run(_driver.HandleInterrupt()));
    }

    [Fact]
    public void A_second_fault_of_a_cause_leaves_no_record_until_the_first_is_acknowledged()
    {
        Dma(0x5800_1000);
        Dma(0x5800_2000);
        Assert.Equal(0x5800_1000UL, Read(TegraGartRegisters.ErrorAddress));
        Assert.Equal(1, _gart.UnrecordedFaults);
    }

    [Fact]
    public void Outside_the_aperture_every_address_passes_attached_or_not()
    {
        Assert.Equal(0x1000_0040UL, Dma(0x1000_0040));
        var domain = Attached();
        Assert.Equal(0x1000_0040UL, Dma(0x1000_0040, DmaAccess.Write));
        _bus.Run(_driver.Detach(domain, Device));
        Assert.Equal(0x1000_0040UL, Dma(0x1000_0040));
    }

    [Fact]
    public void Attach_and_detach_write_nothing_and_entries_stay()
    {
        var domain = Attached();
        Assert.Equal(0, _bus.Run(_driver.Map(domain, Iova, Page, 0x1000, Protection.Read)));
        Assert.Empty(_driver.Detach(domain, Device));
        Assert.Equal(Page, Dma(Iova));
        Assert.Equal(Page, Dma(Iova, client: 5));
        Assert.Empty(_driver.Attach(Domain(), Device));
        Assert.Equal(Page, Dma(Iova));
        Assert.Equal((long)Page, _bus.Run(_driver.Lookup(Iova)));
    }

    [Fact]
    public void One_domain_is_active_at_a_time()
    {
        var (a, b) = (Attached(), Domain());
        Assert.Equal(-(long)Errno.EBUSY, _bus.Run(_driver.Attach(b, Other)));
        Assert.Equal(0, _bus.Run(_driver.Attach(a, Other)));
        _bus.Run(_driver.Detach(b, Other));
        _bus.Run(_driver.Detach(a, Device));
        Assert.Equal(-(long)Errno.EBUSY, _bus.Run(_driver.Attach(b, Device)));
        _bus.Run(_driver.Detach(a, Other));
        Assert.Null(_driver.ActiveDomain);
        Assert.Equal(0, _bus.Run(_driver.Attach(b, Device)));
    }

    [Fact]
    public void The_unit_off_refuses_the_aperture_and_resume_brings_every_entry_back()
    {
        Assert.Equal(0, _bus.Run(_driver.Map(Attached(), Iova, Page, 0x1000, Protection.Read)));
        _bus.Run(_driver.Suspend());
        Assert.Null(Dma(Iova));
        _gart.Registers.Write(TegraGartRegisters.EntryAddress, 4, Iova);
        _gart.Registers.Write(TegraGartRegisters.EntryData, 4, 0);
        _bus.Run(_driver.Resume());
        Assert.Equal(Page, Dma(Iova));
    }

    [Fact]
    public void Gart_debug_refuses_entries_in_use_and_unmaps_none_that_is_not()
    {
        var driver = new TegraGartDriver(new TegraGartOptions { Debug = true });
        Assert.Equal(0, _bus.Run(driver.MapPage(Base, Page)));
        Assert.Equal(-(long)Errno.EINVAL, _bus.Run(driver.MapPage(Base, Page)));
        Assert.Equal(0x1000, _bus.Run(driver.UnmapPage(Base)));
        Assert.Equal(0, _bus.Run(driver.UnmapPage(Base)));
    }

    [Fact]
    public void Without_gart_debug_a_map_overwrites_in_silence()
    {
        var domain = Attached();
        Assert.Equal(0, _bus.Run(_driver.Map(domain, Iova, Page, 0x1000, Protection.Read)));
        Assert.Equal(0, _bus.Run(_driver.Map(domain, Iova, 0x2000, 0x1000, Protection.Read)));
        Assert.Equal(0x2000UL, Dma(Iova));
    }

    [Fact]
    public void Only_unmanaged_domains_exist_and_their_geometry_is_the_aperture()
    {
        foreach (var type in (DomainType[])[DomainType.Blocked, DomainType.Dma, DomainType.Identity])
            Assert.Throws<DriverException>(() => _driver.AllocateDomain(type));
        Assert.Equal(new DomainGeometry(Base, 0x59ff_ffff), Domain().Geometry);
        Assert.Equal(Errno.EOPNOTSUPP, Assert.Throws<DriverException>(() => _driver.Block(Device)).Errno);
    }

    [Fact]
    public void An_aperture_is_made_of_whole_pages_below_4_GiB() =>
        Assert.Throws<ArgumentException>(() => new TegraGartIommu("odd", _memory, new TegraGartOptions { ApertureBase = 0xffff_f000, ApertureSize = 0x2000 }));

    [Fact]
    public void Translate_allocates_nothing()
    {
        _bus.Run(_driver.Map(Attached(), Iova, Page, 0x10000, Protection.Read));
        var requests = Enumerable.Range(0, 256).Select(i => new DmaRequest(Device.Stream, new Iova(Iova + ((ulong)i << 9)), DmaAccess.Write)).ToArray();
        var completions = new DmaCompletion[256];
        _gart.Translate(requests, completions);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                _gart.Translate(requests, completions);
        }));
    }

    private TegraGartDomain Domain() => (TegraGartDomain)_driver.AllocateDomain(DomainType.Unmanaged);

    private TegraGartDomain Attached()
    {
        var domain = Domain();
        Assert.Empty(_driver.Attach(domain, Device));
        return domain;
    }

    private ulong? Dma(ulong iova, DmaAccess access = DmaAccess.Read, uint client = 0x11)
    {
        var completion = new DmaCompletion[1];
        _gart.Translate([new DmaRequest(new StreamId(client), new Iova(iova), access)], completion);
        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }

    private ulong Read(ulong offset) => _gart.Registers.Read(offset, 4);

    private FaultRecord TakeFault()
    {
        var faults = new FaultRecord[2];
        Assert.Equal(1, _gart.Faults.Take(faults));
        return faults[0];
    }
}
