using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables.ArmLpae;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>What the driver knows of one SMMU (struct arm_smmu_device).</summary>
internal sealed class DriverState(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, ArmSmmuV3DriverOptions options, IdentifierPool? asids)
{
    private Features? _features;
    private CommandQueue? _commands;
    private StreamTable? _streams;
    private IdentifierPool? _asids = asids;
    private IdentifierPool? _vmids;

    public PhysicalMemory Memory { get; } = memory;

    public IFrameAllocator Frames { get; } = frames;

    public KernelVersion Kernel { get; } = kernel;

    public ArmSmmuV3DriverOptions Options { get; } = options;

    public Features Features => _features ?? throw NotProbed();

    public CommandQueue Commands => _commands ?? throw NotProbed();

    public StreamTable Streams => _streams ?? throw NotProbed();

    public Dictionary<string, Master> Masters { get; } = new(StringComparer.Ordinal);

    public Dictionary<uint, Master> MastersByStream { get; } = [];

    /// <summary>Takes up what the probe found.</summary>
    public void Adopt(Features features)
    {
        _features = features;
        _asids ??= new IdentifierPool(1, (1 << features.AsidBits) - 1);
        _vmids = new IdentifierPool(1, (1 << features.VmidBits) - 1);
    }

    /// <summary>Takes up the structures that the probe made.</summary>
    public void Adopt(CommandQueue commands, StreamTable streams) => (_commands, _streams) = (commands, streams);

    public Master Find(DmaDevice device) => Masters.TryGetValue(device.Name, out var master)
        ? master
        : throw new DriverException(Errno.ENODEV, $"device {device.Name} was not probed behind this SMMU");

    /// <summary>Settles the stage of a domain and makes its page table and identifiers (arm_smmu_domain_finalise).</summary>
    public Errno Finalise(ArmSmmuV3Domain domain, Master master)
    {
        if (!domain.IsPaging)
        {
            domain.Owner = this;
            return Errno.None;
        }

        if (!Features.Stage1)
            domain.Stage = DomainStage.Stage2;
        if (!Features.Stage2)
            domain.Stage = DomainStage.Stage1;
        var stage1 = domain.Stage == DomainStage.Stage1;
        var table = ArmLpaePageTable.Create(Memory, Frames, new ArmLpaeConfig
        {
            Format = stage1 ? ArmLpaeFormat.Arm64Stage1 : ArmLpaeFormat.Arm64Stage2,
            InputBits = stage1 ? Math.Min(Features.LargeInput ? 52 : 48, Options.VirtualAddressBits) : Features.IntermediateBits,
            OutputBits = stage1 ? Features.IntermediateBits : Features.OutputBits,
            PageSizeBitmap = Features.PageSizeBitmap,
            CoherentWalk = Features.Coherent,
            Kernel = Kernel,
        });
        if (table == null)
            return Errno.ENOMEM;
        var identifier = (stage1 ? _asids : _vmids)!.Take();
        if (identifier is not { } taken)
        {
            table.Free();
            return stage1 ? Errno.EBUSY : Errno.ENOSPC;
        }

        if (stage1)
            domain.Asid = (ushort)taken;
        else
            domain.Vmid = (ushort)taken;
        if (stage1 && Kernel == KernelVersion.Linux61)
        {
            domain.Stalls = master.Stalls;
            domain.Contexts = new ContextTable(Frames, Features, master.SubstreamIdBits);
        }

        domain.Lpae = table;
        domain.Owner = this;
        return Errno.None;
    }

    /// <summary>Gives back what <see cref="Finalise"/> took.</summary>
    public void Release(ArmSmmuV3Domain domain)
    {
        domain.Lpae?.Free();
        domain.Contexts?.Free();
        if (domain.Asid != 0)
            _asids!.Return(domain.Asid);
        if (domain.Vmid != 0)
            _vmids!.Return(domain.Vmid);
        (domain.Lpae, domain.Contexts, domain.Asid, domain.Vmid, domain.Owner, domain.ContextWritten) = (null, null, 0, 0, null, false);
    }

    private static DriverException NotProbed() => new(Errno.ENODEV, "this SMMU was not probed");
}
