using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables.ArmLpae;

namespace Emulator.Hardware.Iommus.ArmSmmu.Driver;

/// <summary>What the driver knows of one SMMU (struct arm_smmu_device).</summary>
internal sealed class DriverState(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, ArmSmmuDriverOptions options)
{
    private Features? _features;
    private StreamEntries? _streams;
    private bool[] _banksInUse = [];
    private int _interruptCounter;

    public KernelVersion Kernel { get; } = kernel;

    public ArmSmmuDriverOptions Options { get; } = options;

    public Features Features => _features ?? throw NotProbed();

    public StreamEntries Streams => _streams ?? throw NotProbed();

    public Dictionary<string, Master> Masters { get; } = new(StringComparer.Ordinal);

    /// <summary>The domain of each context bank; null for a bank that is off.</summary>
    public ArmSmmuDomain?[] Banks { get; private set; } = [];

    /// <summary>The domains whose fault interrupt is requested, oldest first.</summary>
    public List<ArmSmmuDomain> Handlers { get; } = [];

    public void Adopt(Features features, StreamEntries streams)
    {
        (_features, _streams) = (features, streams);
        Banks = new ArmSmmuDomain?[features.Layout.Banks];
        _banksInUse = new bool[features.Layout.Banks];
    }

    public Master Find(DmaDevice device) => Masters.TryGetValue(device.Name, out var master)
        ? master
        : throw new DriverException(Errno.ENODEV, $"device {device.Name} was not probed behind this SMMU");

    /// <summary>Takes a context bank away from domains.</summary>
    public void Reserve(int bank) => _banksInUse[bank] = true;

    /// <summary>Settles the stage and format of a paging domain, takes a context bank and makes the page table: all of arm_smmu_init_domain_context (:615) but the
    /// registers.</summary>
    public Errno Finalise(ArmSmmuDomain domain)
    {
        if (!Features.Stage1)
            domain.Stage = ArmSmmuStage.Stage2;
        if (!Features.Stage2)
            domain.Stage = ArmSmmuStage.Stage1;
        domain.Is64Bit = Features.Aarch64 && (Options.Is64BitKernel || !Features.Aarch32);
        if (!Features.Aarch64 && !Features.Aarch32)
            return Errno.EINVAL;
        var stage1 = domain.Stage == ArmSmmuStage.Stage1;
        var bank = Array.FindIndex(_banksInUse, stage1 ? Features.Layout.Stage2Banks : 0, used => !used);
        if (bank < 0)
            return Errno.ENOSPC;
        _banksInUse[bank] = true;
        domain.Bank = bank;
        domain.Interrupt = Features.Version == 2 ? bank : ++_interruptCounter % ContextInterrupts;
        domain.Identifier = (ushort)(domain.Stage == ArmSmmuStage.Stage2 ? bank + 1 : bank);
        var (inputBits, outputBits) = stage1 ? (Features.VirtualBits, Features.IntermediateBits) : (Features.IntermediateBits, Features.PhysicalBits);
        if (!domain.Is64Bit)
            (inputBits, outputBits) = (Math.Min(inputBits, stage1 ? 32 : 40), Math.Min(outputBits, 40));
        var table = ArmLpaePageTable.Create(memory, frames, new ArmLpaeConfig
        {
            Format = stage1 ? (domain.Is64Bit ? ArmLpaeFormat.Arm64Stage1 : ArmLpaeFormat.Arm32Stage1) : domain.Is64Bit ? ArmLpaeFormat.Arm64Stage2 : ArmLpaeFormat.Arm32Stage2,
            InputBits = inputBits,
            OutputBits = outputBits,
            PageSizeBitmap = Features.PageSizeBitmap,
            CoherentWalk = Options.FirmwareCoherent,
            Kernel = Kernel,
        });
        if (table == null)
        {
            _banksInUse[bank] = false;
            return Errno.ENOMEM;
        }

        domain.Settle(this, table, inputBits);
        return Errno.None;
    }

    /// <summary>Gives back what <see cref="Finalise"/> took.</summary>
    public void Release(ArmSmmuDomain domain)
    {
        if (domain.Lpae != null)
            _banksInUse[domain.Bank] = false;
        domain.Release();
    }

    private int ContextInterrupts => Options.ContextInterrupts == 0 ? Features.Layout.Banks : Options.ContextInterrupts;

    private static DriverException NotProbed() => new(Errno.ENODEV, "this SMMU was not probed");
}
