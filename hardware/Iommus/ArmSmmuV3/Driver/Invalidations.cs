using System.Numerics;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>Invalidations of a domain: TLB by ASID, VMID or address, with ranges where the SMMU has them, and the devices' ATCs.</summary>
/// <remarks>Source: Linux 6.1 arm-smmu-v3.c, arm_smmu_tlb_inv_context, __arm_smmu_tlb_inv_range, arm_smmu_atc_inv_to_cmd; 6.12 is the same.</remarks>
internal static class Invalidations
{
    // Bits of a range's page count that one command carries (CMDQ_TLBI_RANGE_NUM_MAX).
    private const ulong MaxNum = 31;

    /// <summary>The TLBI commands of an address range.</summary>
    /// <param name="features">Whether the SMMU has ranges.</param>
    /// <param name="domain">Whose.</param>
    /// <param name="iova">First address.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="granule">Bytes of a leaf; the step without ranges.</param>
    /// <param name="leaf">Only leaf entries changed.</param>
    public static List<Command> Range(Features features, ArmSmmuV3Domain domain, ulong iova, ulong size, ulong granule, bool leaf)
    {
        var commands = new List<Command>();
        var stage1 = domain.Stage == DomainStage.Stage1;
        var opcode = !stage1 ? CommandOpcode.TlbiS2Ipa : features.E2H ? CommandOpcode.TlbiEl2Va : CommandOpcode.TlbiNhVa;
        var template = Command.TlbiAddress(opcode, domain.Vmid, domain.Asid, 0, leaf);
        var end = iova + size;
        if (!features.RangeInvalidation)
        {
            for (; iova < end; iova += granule)
                commands.Add(template with { Address = iova });
            return commands;
        }

        var shift = BitOperations.TrailingZeroCount(domain.Lpae!.PageSizeBitmap);
        var pages = size >> shift;
        template = template with { Granule = (shift - 10) / 2 };
        if (leaf)
            template = template with { Ttl = 4 - ((BitOperations.Log2(granule) - 3) / (shift - 3)) };
        else if ((pages & MaxNum) == 1)
            pages++; // so that scale and num are never both zero, which some SMMUs take for a command without range
        while (iova < end)
        {
            var scale = BitOperations.TrailingZeroCount(pages);
            var num = (pages >> scale) & MaxNum;
            commands.Add(template with { Address = iova, Scale = scale, Num = (int)num - 1 });
            pages -= num << scale;
            iova += num << (scale + shift);
        }

        return commands;
    }

    /// <summary>The TLBI command of everything of a domain.</summary>
    public static Command Everything(Features features, ArmSmmuV3Domain domain) => domain.Stage == DomainStage.Stage1
        ? Command.Tlbi(features.E2H ? CommandOpcode.TlbiEl2Asid : CommandOpcode.TlbiNhAsid, asid: domain.Asid)
        : Command.Tlbi(CommandOpcode.TlbiS12VmAll, vmid: domain.Vmid);

    /// <summary>An ATC invalidation that covers a range: one naturally aligned power of two of pages. Size 0 is everything.</summary>
    public static Command Atc(uint stream, uint substream, ulong iova, ulong size)
    {
        uint? tag = substream == 0 ? null : substream;
        if (size == 0)
            return Command.AtcInvalidate(stream, tag, 0, Command.AtcSizeAll);
        var first = iova >> 12;
        var span = 64 - BitOperations.LeadingZeroCount(first ^ ((iova + size - 1) >> 12));
        var start = span == 64 ? 0 : first >> span << span;
        return Command.AtcInvalidate(stream, tag, start << 12, span);
    }

    /// <summary>Invalidates everything in the ATCs of one device, of one PASID.</summary>
    public static IEnumerable<DriverStep> AtcOfMaster(DriverState state, Master master, uint substream) =>
        state.Commands.Issue([.. master.Streams.Select(stream => Atc(stream, substream, 0, 0))]);

    /// <summary>Invalidates a range in the ATCs of a domain's devices. Size 0 is everything.</summary>
    public static IEnumerable<DriverStep> AtcOfDomain(DriverState state, ArmSmmuV3Domain domain, ulong iova, ulong size)
    {
        if (!state.Features.Ats || domain.AtsUsers == 0)
            return [];
        return state.Commands.Issue([.. domain.Users.Where(user => user.Master.AtsEnabled)
            .SelectMany(user => user.Master.Streams.Select(stream => Atc(stream, user.Substream, iova, size)))]);
    }

    /// <summary>Invalidates a range in TLB and ATCs.</summary>
    public static IEnumerable<DriverStep> RangeOfDomain(DriverState state, ArmSmmuV3Domain domain, ulong iova, ulong size, ulong granule, bool leaf) =>
        state.Commands.Issue(Range(state.Features, domain, iova, size, granule, leaf)).Concat(AtcOfDomain(state, domain, iova, size));

    /// <summary>Invalidates everything of a domain in TLB and ATCs.</summary>
    public static IEnumerable<DriverStep> EverythingOfDomain(DriverState state, ArmSmmuV3Domain domain) =>
        state.Commands.Issue(Everything(state.Features, domain)).Concat(AtcOfDomain(state, domain, 0, 0));

    /// <summary>Takes a gather's requests in their order: walks at once; pages when the run of pages breaks, and at the end (iommu_iotlb_gather_add_page,
    /// arm_smmu_iotlb_sync). A queued gather's last run waits for the flush of everything.</summary>
    public static IEnumerable<DriverStep> Sync(DriverState state, ArmSmmuV3Domain domain, InvalidationGather gather)
    {
        var (start, last, granule) = (0UL, 0UL, 0UL);
        foreach (var request in gather.Requests)
        {
            IEnumerable<DriverStep> steps = [];
            var requestLast = request.Iova + request.Size - 1;
            switch (request.Kind)
            {
                case InvalidationKind.Walk:
                    steps = RangeOfDomain(state, domain, request.Iova, request.Size, request.Granule, leaf: false);
                    break;
                case InvalidationKind.All or InvalidationKind.Root:
                    steps = EverythingOfDomain(state, domain);
                    break;
                case InvalidationKind.Page when granule == 0:
                    (start, last, granule) = (request.Iova, requestLast, request.Granule);
                    break;
                case InvalidationKind.Page when granule != request.Granule || requestLast + 1 < start || request.Iova > last + 1:
                    steps = RangeOfDomain(state, domain, start, last - start + 1, granule, leaf: true);
                    (start, last, granule) = (request.Iova, requestLast, request.Granule);
                    break;
                default:
                    (start, last) = (Math.Min(start, request.Iova), Math.Max(last, requestLast));
                    break;
            }

            foreach (var step in steps)
                yield return step;
        }

        if (granule != 0 && !gather.Queued)
        {
            foreach (var step in RangeOfDomain(state, domain, start, last - start + 1, granule, leaf: true))
                yield return step;
        }

        foreach (var (address, bytes) in gather.FreedTables)
            domain.PageTable!.Release(address, bytes);
    }
}
