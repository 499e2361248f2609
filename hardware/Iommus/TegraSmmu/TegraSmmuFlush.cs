using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>The driver's flushes: the atom with the changed word from the page-table cache, what it translates from the TLB, and a barrier.</summary>
internal sealed class TegraSmmuFlush(TegraSmmuHardware hardware)
{
    /// <summary>The driver's write barrier (smmu_flush): a read of whatever register.</summary>
    public static DriverStep Barrier => DriverStep.Read(TegraSmmuRegisters.PtbAsid);

    /// <summary>Flushes what a gather asks for, frees its tables and clears it.</summary>
    public IEnumerable<DriverStep> Of(TegraSmmuDomain domain, InvalidationGather gather)
    {
        if (domain.Tables is not { } table)
            yield break;
        foreach (var request in gather.Requests.ToArray())
        {
            for (var iova = request.Iova; iova < request.Iova + request.Size; iova += request.Kind == InvalidationKind.Walk ? request.Size : request.Granule)
            {
                foreach (var step in request.Kind == InvalidationKind.Walk
                    ? Of(domain, table.DirectoryEntry(iova), TegraSmmuRegisters.FlushSection, iova)
                    : Of(domain, EntryOf(table, gather, iova), TegraSmmuRegisters.FlushGroup, iova))
                {
                    yield return step;
                }
            }
        }

        foreach (var (address, bytes) in gather.FreedTables)
            table.Release(address, bytes);
        gather.Clear();
    }

    /// <summary>Flushes the atom of a word from the page-table cache (smmu_flush_ptc).</summary>
    public IEnumerable<DriverStep> Atom(ulong address)
    {
        if (hardware.AddressBits > 32)
            yield return DriverStep.Write(TegraSmmuRegisters.PtcFlushHigh, address >> 32);
        var atom = address & ~((ulong)hardware.AtomBytes - 1);
        yield return DriverStep.Write(TegraSmmuRegisters.PtcFlush, (uint)atom | TegraSmmuRegisters.PtcFlushAddress);
    }

    // Without an ASID there is nothing in the TLB that could be named; the next attach flushes its ASID.
    private IEnumerable<DriverStep> Of(TegraSmmuDomain domain, ulong? word, uint match, ulong iova)
    {
        foreach (var step in word is { } address ? Atom(address) : [])
            yield return step;
        if (domain.UseCount > 0)
            yield return DriverStep.Write(TegraSmmuRegisters.TlbFlush, TegraSmmuRegisters.EncodeTlbFlush(hardware, domain.Asid, match, iova));
        yield return Barrier;
    }

    // Where a page's entry is. When its table was unhooked in the same gather it is one of those that wait to be freed: they were unhooked by the last of the walk requests.
    private static ulong? EntryOf(TegraSmmuPageTable table, InvalidationGather gather, ulong iova)
    {
        var unhooked = gather.Requests.Where(request => request.Kind == InvalidationKind.Walk).TakeLast(gather.FreedTables.Count).Select(request => request.Iova);
        foreach (var (section, freed) in unhooked.Zip(gather.FreedTables))
        {
            if (section == TegraSmmuPageTable.SectionStart(iova))
                return TegraSmmuPageTable.EntryIn(freed.Address, iova);
        }

        return table.TableEntry(iova);
    }
}
