using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>The platform's own DMA API of Linux 6.1 (s390_pci_dma_ops): each function that no domain has got has tables and an address window of its own.</summary>
/// <remarks>Source: Linux 6.1 arch/s390/pci/pci_dma.c. 6.12 has none.</remarks>
internal sealed class S390DmaApi(S390DriverOptions options, PhysicalMemory memory, IFrameAllocator frames, S390Instructions instructions)
{
    /// <summary>zpci_dma_init_device: new tables, the window cut to what is usable, registration. Result: 0, -ENOMEM, -EIO; with an error the function has no
    /// translation registered.</summary>
    public IEnumerable<DriverStep> Initialise(S390Device device)
    {
        S390Tables? tables = null;
        try
        {
            tables = new S390Tables(memory, frames);
        }
        catch (DriverException e) when (e.Errno == Errno.ENOMEM)
        {
            device.Tables = null;
        }

        if (tables == null)
        {
            yield return DriverStep.Fail(Errno.ENOMEM);
            yield break;
        }

        device.Tables = tables;
        S390Driver.CutWindow(device, options.Aperture);
        device.Addresses = new S390DmaAddresses(device.Start, device.Length);
        var outcome = new S390InstructionOutcome();
        foreach (var step in instructions.RegisterTranslation(device, tables, outcome))
            yield return step;
        if (!outcome.Failed)
            yield break;
        tables.Free();
        (device.Tables, device.Addresses) = (null, null);
        yield return DriverStep.Fail(Errno.EIO);
    }

    /// <summary>zpci_dma_exit_device: deregistration, then the tables are freed. Result: 0, or -EIO and nothing freed.</summary>
    public IEnumerable<DriverStep> Exit(S390Device device)
    {
        var outcome = new S390InstructionOutcome();
        foreach (var step in instructions.DeregisterTranslation(device, outcome))
            yield return step;
        if (outcome.Failed)
        {
            yield return DriverStep.Fail(Errno.EIO);
            yield break;
        }

        device.Tables?.Free();
        (device.Tables, device.Addresses) = (null, null);
    }

    /// <summary>s390_dma_map_pages. Result: the IOVA, or -1 (DMA_MAPPING_ERROR).</summary>
    public IEnumerable<DriverStep> Map(S390Device device, ulong physical, ulong bytes, S390DmaDirection direction)
    {
        var pages = PagesOf(physical, bytes);
        var iova = device.Addresses?.AllocateNext(pages);
        if (iova == null && device.Addresses is { } addresses)
        {
            var outcome = new S390InstructionOutcome();
            foreach (var step in Reclaim(device, addresses, outcome))
                yield return step;
            iova = outcome.Failed ? null : addresses.AllocateFirst(pages);
        }

        if (iova is not { } address)
        {
            yield return DriverStep.Return(-1);
            yield break;
        }

        var writable = direction is S390DmaDirection.Bidirectional or S390DmaDirection.FromDevice;
        var errno = device.Tables!.Validate(address, physical, pages, writable);
        if (errno == Errno.None && device.NeedsRefresh)
        {
            var outcome = new S390InstructionOutcome();
            foreach (var step in Purge(device, address, pages, outcome))
                yield return step;
            errno = outcome.RefreshErrno;
            if (errno != Errno.None)
                device.Tables.Invalidate(address, pages);
        }

        if (errno != Errno.None)
            device.Addresses!.Free(address, pages, !options.Strict);
        yield return DriverStep.Return(errno == Errno.None ? (long)(address + (physical & (S390Format.PageSize - 1))) : -1);
    }

    /// <summary>s390_dma_unmap_pages: refreshed at once when strict, else the address waits. After an error it is lost.</summary>
    public IEnumerable<DriverStep> Unmap(S390Device device, ulong iova, ulong bytes)
    {
        var pages = PagesOf(iova, bytes);
        var address = iova & ~(S390Format.PageSize - 1);
        if (device.Tables == null || device.Tables.Invalidate(address, pages) != Errno.None)
            yield break;
        if (options.Strict)
        {
            var outcome = new S390InstructionOutcome();
            foreach (var step in instructions.Refresh(device, address, pages * S390Format.PageSize, outcome))
                yield return step;
            if (outcome.Failed)
                yield break;
        }

        device.Addresses?.Free(address, pages, !options.Strict);
    }

    private static ulong PagesOf(ulong address, ulong bytes) => ((address & (S390Format.PageSize - 1)) + bytes + S390Format.PageSize - 1) / S390Format.PageSize;

    // The allocator has reached the end: what waits is refreshed in one go (dma_alloc_address, :273).
    private IEnumerable<DriverStep> Reclaim(S390Device device, S390DmaAddresses addresses, S390InstructionOutcome outcome)
    {
        if (options.Strict)
            yield break;
        foreach (var step in instructions.Refresh(device, device.Start, addresses.Pages * S390Format.PageSize, outcome))
            yield return step;
        if (!outcome.Failed)
            addresses.FreeLazy();
    }

    // __dma_purge_tlb (:156): a hypervisor without resources gets some back by a refresh of everything.
    private IEnumerable<DriverStep> Purge(S390Device device, ulong address, ulong pages, S390InstructionOutcome outcome)
    {
        foreach (var step in instructions.Refresh(device, address, pages * S390Format.PageSize, outcome))
            yield return step;
        if (outcome.RefreshErrno != Errno.ENOMEM || options.Strict)
            yield break;
        var refreshed = new S390InstructionOutcome();
        foreach (var step in Reclaim(device, device.Addresses!, refreshed))
            yield return step;
        if (!refreshed.Failed)
            outcome.ConditionCode = 0;
    }
}
