using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>6.1: a device is detached first, its streams then aborted (or bypassed); contexts belong to the domain.</summary>
/// <remarks>Source: Linux 6.1 arm-smmu-v3.c:2424 arm_smmu_detach_dev, :2443 arm_smmu_attach_dev, :1268 arm_smmu_write_strtab_ent, :1067
/// arm_smmu_write_ctx_desc.</remarks>
internal sealed class Linux61Attachment(DriverState state) : IAttachment
{
    public StreamTableEntry Unattached { get; } = new()
    {
        Valid = true,
        Configuration = state.Options.DisableBypass ? StreamConfiguration.Abort : StreamConfiguration.Bypass,
        ShareabilityConfig = StreamTableEntry.UseIncoming,
    };

    public IEnumerable<DriverStep> Attach(ArmSmmuV3Domain domain, Master master)
    {
        foreach (var step in Detach(master))
            yield return step;
        var error = Check(domain, master);
        if (error != Errno.None)
        {
            yield return DriverStep.Fail(error);
            yield break;
        }

        if (domain.Contexts != null && !domain.ContextWritten)
        {
            foreach (var step in WriteContext(domain, 0))
                yield return step;
            domain.ContextWritten = true;
        }

        master.Domain = domain;
        master.AtsEnabled = domain.Stage != DomainStage.Bypass && master.AtsSupported;
        foreach (var step in InstallEntries(master))
            yield return step;
        domain.Users.Insert(0, (master, 0));
        if (!master.AtsEnabled)
            yield break;
        domain.AtsUsers++;
        foreach (var step in Invalidations.AtcOfDomain(state, domain, 0, 0))
            yield return step;
    }

    public IEnumerable<DriverStep> Detach(Master master)
    {
        if (master.Domain is not { } domain)
            yield break;
        if (master.AtsEnabled)
        {
            foreach (var step in Invalidations.AtcOfMaster(state, master, 0))
                yield return step;
            domain.AtsUsers--;
        }

        domain.Users.RemoveAll(user => user.Master == master);
        master.Domain = null;
        master.AtsEnabled = false;
        foreach (var step in InstallEntries(master))
            yield return step;
    }

    public IEnumerable<DriverStep> Release(Master master) => Detach(master);

    private Errno Check(ArmSmmuV3Domain domain, Master master)
    {
        if (domain.Owner == null)
            return state.Finalise(domain, master);
        if (domain.Owner != state)
            return Errno.ENXIO;
        var incompatible = domain.Contexts is { } contexts && (contexts.Log2Contexts != master.SubstreamIdBits || domain.Stalls != master.Stalls);
        return incompatible ? Errno.EINVAL : Errno.None;
    }

    private IEnumerable<DriverStep> WriteContext(ArmSmmuV3Domain domain, uint substream)
    {
        var contexts = domain.Contexts!;
        if (!contexts.Covers(substream))
        {
            yield return contexts.Cover(substream);
            foreach (var step in SyncContext(domain, substream, leaf: false))
                yield return step;
        }

        var address = contexts.EntryAddress(substream);
        var label = $"CD 0x{substream:x}";
        var target = Entries.Stage1Context(domain, domain.Stalls);
        yield return DriverStep.Store(address + 8, target.Word1, label);
        yield return DriverStep.Store(address + 16, 0, label);
        yield return DriverStep.Store(address + 24, target.Word3, label);
        foreach (var step in SyncContext(domain, substream, leaf: true))
            yield return step;
        yield return DriverStep.Store(address, target.Word0, label);
        foreach (var step in SyncContext(domain, substream, leaf: true))
            yield return step;
    }

    private IEnumerable<DriverStep> SyncContext(ArmSmmuV3Domain domain, uint substream, bool leaf) => state.Commands.Issue([.. domain.Users
        .SelectMany(user => user.Master.Streams).Select(stream => Command.InvalidateCd(stream, substream, leaf))]);

    private IEnumerable<DriverStep> InstallEntries(Master master) => master.Streams.Distinct().SelectMany(stream => WriteEntry(master, stream));

    private IEnumerable<DriverStep> WriteEntry(Master master, uint stream)
    {
        var address = state.Streams.EntryAddress(stream);
        var label = $"STE 0x{stream:x}";
        var domain = master.Domain;
        if (domain is not { Stage: not DomainStage.Bypass })
        {
            var entry = domain == null ? Unattached : Unattached with { Configuration = StreamConfiguration.Bypass };
            yield return DriverStep.Store(address, entry.Word0, label);
            yield return DriverStep.Store(address + 8, entry.Word1, label);
            yield return DriverStep.Store(address + 16, 0, label);
            foreach (var step in Sync(stream))
                yield return step;
            yield break;
        }

        if (new StreamTableEntry(state.Memory.Read64(address), 0, 0, 0) is { Valid: true, Configuration: StreamConfiguration.Stage1 or StreamConfiguration.Stage2 })
            throw new KernelBugException($"BUG: stream 0x{stream:x} still translates (arm-smmu-v3.c, arm_smmu_write_strtab_ent)");
        StreamTableEntry target;
        if (domain.Contexts is { } contexts)
        {
            target = Entries.Stage1(state.Features, master, contexts, master.AtsEnabled, DefaultSubstream.Substream0);
            yield return DriverStep.Store(address + 8, target.Word1, label);
        }
        else
        {
            target = Entries.Stage2(domain);
            yield return DriverStep.Store(address + 16, target.Word2, label);
            yield return DriverStep.Store(address + 24, target.Word3, label);
            // The other fields of this word stay as the detach left them.
            if (master.AtsEnabled)
                yield return DriverStep.Store(address + 8, new StreamTableEntry(0, state.Memory.Read64(address + 8), 0, 0) { Ats = AtsMode.Full }.Word1, label);
        }

        foreach (var step in Sync(stream))
            yield return step;
        yield return DriverStep.Store(address, target.Word0, label);
        foreach (var step in Sync(stream).Concat(state.Commands.Issue(Command.PrefetchConfig(stream), sync: false)))
            yield return step;
    }

    private IEnumerable<DriverStep> Sync(uint stream) => state.Commands.Issue(Command.InvalidateSte(stream));
}
