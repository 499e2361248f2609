using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Vtd;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Walks a requester's page tables for a request and says why it is refused, if it is.</summary>
public sealed class VtdWalker
{
    private const ulong InterruptBase = IntelVtdIommu.InterruptBase;
    private const ulong InterruptMask = IntelVtdIommu.InterruptMask;

    private readonly PhysicalMemory _memory;
    private readonly VtdWalkRules _secondRules;
    private readonly VtdWalkRules _firstRules;
    private readonly VtdWalkRules _firstRulesWithoutExecuteDisable;
    private readonly int _guestWidth;

    /// <summary>Makes the walker.</summary>
    public VtdWalker(PhysicalMemory memory, IntelVtdOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var capability = options.Capability;
        _memory = memory;
        _guestWidth = capability.MaxGuestWidth;
        _secondRules = new VtdWalkRules(options.HostWidth, capability.Superpages, options.ExtendedCapability.SnoopControl);
        var superpages = capability.FirstLevelGigabytePages ? 2 : 1;
        _firstRules = new VtdWalkRules(options.HostWidth, superpages);
        _firstRulesWithoutExecuteDisable = new VtdWalkRules(options.HostWidth, superpages, executeDisable: false);
    }

    /// <summary>Checks first-level permissions: 0 when they allow the request, else the fault reason.</summary>
    public static ushort Denies(in DmaRequest request, PagePermissions permissions, bool supervisorWrites)
    {
        var privileged = (request.Attributes & DmaAttributes.Privileged) != 0;
        if (!privileged && (permissions & PagePermissions.PrivilegedOnly) != 0)
            return VtdFaultCode.UserNotAllowed;
        if (request.IsWrite)
            return (permissions & PagePermissions.Write) != 0 || (privileged && supervisorWrites) ? (ushort)0 : VtdFaultCode.FirstLevelNoWrite;
        if ((permissions & PagePermissions.Read) == 0)
            return VtdFaultCode.FirstLevelNoRead;
        return (request.Attributes & DmaAttributes.Instruction) != 0 && (permissions & PagePermissions.Execute) == 0 ? VtdFaultCode.NoExecute : (ushort)0;
    }

    /// <summary>The fault reason of a request that second-level permissions refuse.</summary>
    public static ushort SecondLevelDenial(in DmaRequest request, bool scalable) =>
        scalable ? VtdFaultCode.SecondLevelPermission : request.IsWrite ? VtdFaultCode.NoWrite : VtdFaultCode.NoRead;

    /// <summary>Checks the address of a request that passes through: 0 when it is within the width.</summary>
    public ushort PassThrough(in DmaRequest request, in VtdTranslation translation) =>
        request.Iova.Value >> Width(translation.SecondLevels) == 0 ? (ushort)0
        : translation.Scalable ? VtdFaultCode.BeyondGuestWidth
        : VtdFaultCode.BeyondAddressWidth;

    /// <summary>Walks the second level.</summary>
    /// <returns>0 when the request is allowed, else the fault reason.</returns>
    public ushort Second(in DmaRequest request, in VtdTranslation translation, out WalkResult walk)
    {
        var iova = request.Iova.Value;
        if (iova >> Width(translation.SecondLevels) != 0)
        {
            walk = new WalkResult { Status = WalkStatus.InputSize };
            return SecondLevelWidthFault(iova, translation.Scalable);
        }

        VtdSecondLevelWalker.Walk(_memory, translation.SecondRoot, translation.SecondLevels, iova, _secondRules, out walk);
        return SecondLevelFault(request, translation, walk, iova);
    }

    /// <summary>Walks the first level, and for nested translation the second for each address on the way and the last.</summary>
    /// <param name="request">The request.</param>
    /// <param name="translation">The tables.</param>
    /// <param name="walk">Receives the result: page and permissions of both levels together.</param>
    /// <returns>0 when the request is allowed, else the fault reason.</returns>
    public ushort First(in DmaRequest request, in VtdTranslation translation, out WalkResult walk)
    {
        walk = default;
        var iova = request.Iova.Value;
        if ((request.Attributes & DmaAttributes.Privileged) != 0 && !translation.Supervisor)
            return VtdFaultCode.SupervisorDisabled;
        var nested = translation.Kind == VtdTranslationKind.Nested;
        ref readonly var rules = ref translation.ExecuteDisable ? ref _firstRules : ref _firstRulesWithoutExecuteDisable;
        if (nested)
        {
            var reader = new VtdNestedReader(_memory, translation.SecondRoot, translation.SecondLevels, _secondRules);
            VtdFirstLevelWalker.Walk(ref reader, translation.FirstRoot, translation.FirstLevels, iova, request.IsWrite, rules, out walk);
        }
        else
        {
            var reader = new VtdDirectReader(_memory, marks: true);
            VtdFirstLevelWalker.Walk(ref reader, translation.FirstRoot, translation.FirstLevels, iova, request.IsWrite, rules, out walk);
        }

        var fault = walk.Status switch
        {
            WalkStatus.Ok => Denies(request, walk.Permissions, supervisorWrites: !translation.WriteProtect),
            WalkStatus.InputSize => VtdFaultCode.NotCanonical,
            WalkStatus.NotPresent => VtdFaultCode.FirstLevelNotPresent,
            WalkStatus.Reserved => VtdFaultCode.FirstLevelReserved,
            _ when nested => VtdFaultCode.NestedFirstLevelRead,
            _ => walk.Level == translation.FirstLevels ? VtdFaultCode.FirstLevelTopAccess : VtdFaultCode.FirstLevelAccess,
        };
        if (fault != 0)
            return fault;
        if (nested)
        {
            var middle = walk.Translate(iova);
            VtdSecondLevelWalker.Walk(_memory, translation.SecondRoot, translation.SecondLevels, middle, _secondRules, out var second);
            fault = SecondLevelFault(request, translation, second, middle);
            if (fault != 0)
                return fault;

            // The cached page is the smaller of the two.
            walk.Permissions &= second.Permissions | ~(PagePermissions.Read | PagePermissions.Write);
            walk.PageShift = Math.Min(walk.PageShift, second.PageShift);
            walk.Output = second.Translate(middle) & ~((1UL << walk.PageShift) - 1);
        }
        else if ((walk.Translate(iova) & InterruptMask) == InterruptBase)
        {
            return VtdFaultCode.ScalableInterruptRange;
        }

        // Until a write has set the dirty bit, writes must come back here.
        if (!request.IsWrite)
            walk.Permissions &= ~PagePermissions.Write;
        return 0;
    }

    // A permission that an entry lacks is noticed before that entry's reserved bits, and before the next table is read.
    private static ushort SecondLevelFault(in DmaRequest request, in VtdTranslation translation, in WalkResult walk, ulong iova)
    {
        var scalable = translation.Scalable;
        var needed = request.IsWrite ? PagePermissions.Write : PagePermissions.Read;
        if (walk.Status != WalkStatus.InputSize && (walk.Permissions & needed) == 0)
            return SecondLevelDenial(request, scalable);
        switch (walk.Status)
        {
            case WalkStatus.Ok:
                return (walk.Translate(iova) & InterruptMask) != InterruptBase ? (ushort)0
                    : scalable ? VtdFaultCode.ScalableInterruptRange : VtdFaultCode.InterruptRange;
            case WalkStatus.NotPresent:
                return SecondLevelDenial(request, scalable);
            case WalkStatus.InputSize:
                return scalable ? VtdFaultCode.BeyondSecondLevelWidth : VtdFaultCode.BeyondAddressWidth;
            case WalkStatus.Reserved:
                return scalable ? VtdFaultCode.SecondLevelReserved : VtdFaultCode.PagingEntryReserved;
            default:
                return scalable ? VtdFaultCode.SecondLevelAccess : VtdFaultCode.PagingEntryAccess;
        }
    }

    private int Width(int levels) => Math.Min(VtdEntry.Shift(levels + 1), _guestWidth);

    private ushort SecondLevelWidthFault(ulong iova, bool scalable) =>
        !scalable ? VtdFaultCode.BeyondAddressWidth
        : iova >> _guestWidth != 0 ? VtdFaultCode.BeyondGuestWidth
        : VtdFaultCode.BeyondSecondLevelWidth;
}
