using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>6.12: an entry goes from one domain's value straight to the next one's; contexts belong to the device, PASIDs can be attached.</summary>
/// <remarks>Source: Linux 6.12 arm-smmu-v3.c:2804 arm_smmu_attach_dev, :2881 arm_smmu_s1_set_dev_pasid, :2990 arm_smmu_remove_dev_pasid, :3360
/// arm_smmu_release_device, arm_smmu_attach_prepare, arm_smmu_attach_commit, arm_smmu_attach_dev_ste.</remarks>
internal sealed class Linux612Attachment(DriverState state, ArmSmmuV3Domain blocked) : IAttachment
{
    public StreamTableEntry Unattached { get; } = new() { Valid = true, Configuration = StreamConfiguration.Abort };

    public IEnumerable<DriverStep> Attach(ArmSmmuV3Domain domain, Master master) => domain.Stage switch
    {
        DomainStage.Bypass => AttachUntranslated(domain, master, Bypass(), DefaultSubstream.Bypass),
        DomainStage.Blocked => AttachUntranslated(domain, master, Unattached, DefaultSubstream.Terminate),
        _ => AttachPaging(domain, master),
    };

    /// <summary>6.12 has no detach: the core puts the device into the blocked domain.</summary>
    public IEnumerable<DriverStep> Detach(Master master) => Attach(blocked, master);

    public IEnumerable<DriverStep> Release(Master master)
    {
        foreach (var step in Attach(blocked, master))
            yield return step;
        master.Contexts?.Free();
        master.Contexts = null;
    }

    public IEnumerable<DriverStep> AttachPasid(ArmSmmuV3Domain domain, Master master, uint pasid)
    {
        var error = TakeDomain(domain, master);
        if (error == Errno.None && (domain.Stage != DomainStage.Stage1 || (!master.ContextsInSte && master.Domain is not { IsPaging: false })))
            error = Errno.EINVAL;
        if (error == Errno.None && pasid >= 1u << master.SubstreamIdBits)
            error = Errno.ERANGE;
        if (error == Errno.None && master.Pasids.ContainsKey(pasid))
            error = Errno.EBUSY;
        if (error != Errno.None)
        {
            yield return DriverStep.Fail(error);
            yield break;
        }

        foreach (var step in CoverContext(master, pasid))
            yield return step;
        var ats = master.AtsSupported;
        Join(domain, master, pasid, ats);
        master.Pasids[pasid] = domain;
        foreach (var step in WriteContext(master, pasid, Entries.Stage1Context(domain, master.Stalls)))
            yield return step;
        if (!master.ContextsInSte || master.AtsInSte != ats)
        {
            var target = Stage1(master, ats, master.Domain?.Stage == DomainStage.Bypass ? DefaultSubstream.Bypass : DefaultSubstream.Terminate);
            foreach (var step in InstallEntries(master, target))
                yield return step;
        }

        foreach (var step in Commit(null, master, pasid, ats))
            yield return step;
    }

    public IEnumerable<DriverStep> DetachPasid(Master master, uint pasid)
    {
        if (!master.Pasids.Remove(pasid, out var domain))
        {
            yield return DriverStep.Fail(Errno.ENOENT);
            yield break;
        }

        foreach (var step in ClearContext(master, pasid))
            yield return step;
        if (master.AtsEnabled)
        {
            foreach (var step in Invalidations.AtcOfMaster(state, master, pasid))
                yield return step;
        }

        Leave(domain, master, pasid, master.AtsEnabled);
        if (master.Pasids.Count > 0 || master.Domain is not { IsPaging: false } resting)
            yield break;
        foreach (var step in Attach(resting, master))
            yield return step;
    }

    private IEnumerable<DriverStep> AttachPaging(ArmSmmuV3Domain domain, Master master)
    {
        var error = TakeDomain(domain, master);
        if (error == Errno.None && domain.Stage != DomainStage.Stage1 && master.Pasids.Count > 0)
            error = Errno.EBUSY;
        if (error != Errno.None)
        {
            yield return DriverStep.Fail(error);
            yield break;
        }

        var previous = master.Domain;
        var ats = master.AtsSupported;
        IEnumerable<DriverStep> steps;
        if (domain.Stage == DomainStage.Stage1)
        {
            foreach (var step in CoverContext(master, 0))
                yield return step;
            Join(domain, master, 0, ats);
            steps = WriteContext(master, 0, Entries.Stage1Context(domain, master.Stalls))
                .Concat(InstallEntries(master, Stage1(master, ats, DefaultSubstream.Substream0)));
        }
        else
        {
            Join(domain, master, 0, ats);
            steps = InstallEntries(master, Stage2(domain, master, ats)).Concat(ClearContext(master, 0));
        }

        foreach (var step in steps)
            yield return step;
        foreach (var step in Commit(previous, master, 0, ats))
            yield return step;
        master.Domain = domain;
    }

    // Identity and blocked. While PASIDs are in use the context table stays, and what requests without PASID meet is said by S1DSS.
    private IEnumerable<DriverStep> AttachUntranslated(ArmSmmuV3Domain domain, Master master, StreamTableEntry plain, DefaultSubstream defaultSubstream)
    {
        var previous = master.Domain;
        var ats = master.Pasids.Count > 0 && master.AtsSupported;
        var target = master.Pasids.Count > 0 ? Stage1(master, ats, defaultSubstream) : plain;
        foreach (var step in InstallEntries(master, target))
            yield return step;
        foreach (var step in Commit(previous, master, 0, ats))
            yield return step;
        master.Domain = domain;
        foreach (var step in ClearContext(master, 0))
            yield return step;
    }

    private Errno TakeDomain(ArmSmmuV3Domain domain, Master master) =>
        domain.Owner == null ? state.Finalise(domain, master) : domain.Owner != state ? Errno.EINVAL : Errno.None;

    // The new domain's list is joined before, the old one's left after the change: both send ATC invalidations meanwhile.
    private static void Join(ArmSmmuV3Domain domain, Master master, uint substream, bool ats)
    {
        domain.Users.Insert(0, (master, substream));
        if (ats)
            domain.AtsUsers++;
    }

    private static void Leave(ArmSmmuV3Domain domain, Master master, uint substream, bool ats)
    {
        if (domain.Users.Remove((master, substream)) && ats)
            domain.AtsUsers--;
    }

    private IEnumerable<DriverStep> Commit(ArmSmmuV3Domain? previous, Master master, uint substream, bool ats)
    {
        var before = master.AtsEnabled;
        if (ats || before)
        {
            // Switched on or off: all of the ATC; on before and after: what the PASID had.
            foreach (var step in Invalidations.AtcOfMaster(state, master, ats && before ? substream : 0))
                yield return step;
        }

        master.AtsEnabled = ats;
        if (previous != null)
            Leave(previous, master, substream, before);
    }

    private IEnumerable<DriverStep> CoverContext(Master master, uint substream)
    {
        master.Contexts ??= new ContextTable(state.Frames, state.Features, master.SubstreamIdBits);
        if (master.Contexts.Covers(substream))
            yield break;
        yield return master.Contexts.Cover(substream);
        foreach (var step in SyncContext(master, substream, leaf: false))
            yield return step;
    }

    private IEnumerable<DriverStep> ClearContext(Master master, uint substream) =>
        master.Contexts?.Covers(substream) == true ? WriteContext(master, substream, default) : [];

    private IEnumerable<DriverStep> WriteContext(Master master, uint substream, ContextDescriptor target) =>
        EntryWriter.Write(state.Memory, master.Contexts!.EntryAddress(substream), target, $"CD 0x{substream:x}", () => SyncContext(master, substream, leaf: true));

    private IEnumerable<DriverStep> SyncContext(Master master, uint substream, bool leaf) =>
        state.Commands.Issue([.. master.Streams.Select(stream => Command.InvalidateCd(stream, substream, leaf))]);

    private IEnumerable<DriverStep> InstallEntries(Master master, StreamTableEntry target)
    {
        master.ContextsInSte = target.Configuration == StreamConfiguration.Stage1;
        master.AtsInSte = target.Ats == AtsMode.Full;
        foreach (var stream in master.Streams.Distinct())
        {
            var steps = EntryWriter
                .Write(state.Memory, state.Streams.EntryAddress(stream), target, $"STE 0x{stream:x}", () => state.Commands.Issue(Command.InvalidateSte(stream)))
                .Concat(state.Commands.Issue(Command.PrefetchConfig(stream), sync: false));
            foreach (var step in steps)
                yield return step;
        }
    }

    private StreamTableEntry Stage1(Master master, bool ats, DefaultSubstream defaultSubstream)
    {
        var entry = Entries.Stage1(state.Features, master, master.Contexts!, ats, defaultSubstream);
        return state.Features.AttributeOverride && defaultSubstream == DefaultSubstream.Bypass ? entry with { ShareabilityConfig = StreamTableEntry.UseIncoming } : entry;
    }

    private StreamTableEntry Stage2(ArmSmmuV3Domain domain, Master master, bool ats) => Entries.Stage2(domain) with
    {
        Ats = ats ? AtsMode.Full : AtsMode.Abort,
        ShareabilityConfig = state.Features.AttributeOverride ? StreamTableEntry.UseIncoming : 0,
        Stage2Stall = master.Stalls,
    };

    private StreamTableEntry Bypass() => new()
    {
        Valid = true,
        Configuration = StreamConfiguration.Bypass,
        ShareabilityConfig = state.Features.AttributeOverride ? StreamTableEntry.UseIncoming : 0,
    };
}
