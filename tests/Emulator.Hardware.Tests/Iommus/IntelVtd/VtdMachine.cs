using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.IntelVtd;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.IntelVtd;

/// <summary>A unit over 1 GiB of RAM whose tables a test writes word by word; device 03:00.0, domain 0x12.</summary>
internal sealed class VtdMachine : IDisposable
{
    public const ushort Source = 0x300;
    public const ushort Domain = 0x12;
    public const ulong Iova = 0x12345000;
    public const ulong Page = 0x23456000;
    public const ulong OutsideRam = 0x70_0000_0000;
    public const ulong Root = 0x1000;
    public const ulong RootSlot = Root + 0x30;
    public const ulong Context = 0x2000;
    public const ulong Directory = 0x4000;
    public const ulong Pasid = 0x5000;
    public const ulong SecondTop = 0x10000;
    public const ulong SecondLeaf = 0x13000 + (0x145 * 8);
    public const ulong FirstTop = 0x20000;
    public const ulong FirstLeaf = 0x23000 + (0x145 * 8);
    public const ulong Queue = 0x30000;
    public const ulong Status = 0x38000;

    private readonly DmaRequest[] _request = new DmaRequest[1];
    private readonly DmaCompletion[] _completion = new DmaCompletion[1];
    private readonly bool _scalable;
    private ulong _tail;

    public VtdMachine(bool scalable, Func<IntelVtdOptions, IntelVtdOptions>? change = null, IotlbGeometry? iotlb = null)
    {
        _scalable = scalable;
        var options = new IntelVtdOptions
        {
            Capability = new VtdCapability(scalable ? IntelVtdOptions.ScalableCapability : IntelVtdOptions.LegacyCapability),
            ExtendedCapability = new VtdExtendedCapability(scalable ? IntelVtdOptions.ScalableExtendedCapability : IntelVtdOptions.LegacyExtendedCapability),
        };
        Silicon = new IntelVtdIommu(Memory, change?.Invoke(options) ?? options, iotlb ?? new IotlbGeometry());
        Write(RootSlot, Context | 1);
        if (scalable)
        {
            var entry = VtdScalableContextEntry.Create(Directory, 2, VtdScalableContextEntry.PasidEnable);
            Write(Context, entry.Low);
            Write(Directory, Pasid | 1);
            SetPasid(VtdPasidTranslation.SecondLevel);
        }
        else
        {
            SetContext(VtdTranslationType.SecondLevel);
        }

        // Four levels each, one page at Iova.
        Chain(SecondTop, 3);
        Write(SecondLeaf, Page | 3);
        Chain(FirstTop, 0x27);
        Write(FirstLeaf, Page | 0x67);
        SetRoot(Root | (scalable ? VtdRootTableAddress.ScalableMode : 0));
    }

    public PhysicalMemory Memory { get; } = new(new MemoryRange(0, 1UL << 30));

    public IntelVtdIommu Silicon { get; }

    public void Write(ulong address, ulong value) => Assert.True(Memory.Write64(address, value));

    public void SetContext(VtdTranslationType type, int width = 2)
    {
        var entry = VtdContextEntry.Create(type, SecondTop, width, Domain);
        Write(Context, entry.Low);
        Write(Context + 8, entry.High);
    }

    public void SetPasid(VtdPasidTranslation type, ulong word2 = FirstTop, int width = 2)
    {
        var entry = VtdPasidEntry.Create(type, SecondTop, width, Domain, 0, word2);
        Write(Pasid, entry.Word0);
        Write(Pasid + 8, entry.Word1);
        Write(Pasid + 16, entry.Word2);
    }

    // Latches the root table with translation on.
    public void SetRoot(ulong value)
    {
        Silicon.Registers.Write(IntelVtdRegisters.RootTableAddress, 8, value);
        Command(IntelVtdRegisters.SetRootTable | IntelVtdRegisters.TranslationEnable);
        Command(IntelVtdRegisters.TranslationEnable);
    }

    public void Command(uint value) => Silicon.Registers.Write(IntelVtdRegisters.GlobalCommand, 4, value);

    public ulong Register(ulong offset, int width = 4) => Silicon.Registers.Read(offset, width);

    public void StartQueue()
    {
        Silicon.Registers.Write(IntelVtdRegisters.QueueTail, 8, 0);
        Silicon.Registers.Write(IntelVtdRegisters.QueueAddress, 8, Queue | (_scalable ? VtdQueueAddress.WideDescriptors | 1 : 0));
        Command(IntelVtdRegisters.TranslationEnable | IntelVtdRegisters.QueuedInvalidationEnable);
    }

    public void Submit(params VtdDescriptor[] descriptors)
    {
        foreach (var descriptor in descriptors)
        {
            Write(Queue + _tail, descriptor.Word0);
            Write(Queue + _tail + 8, descriptor.Word1);
            _tail += _scalable ? 32UL : 16UL;
        }

        Silicon.Registers.Write(IntelVtdRegisters.QueueTail, 8, _tail);
    }

    public DmaCompletion Dma(DmaAccess access, ulong iova = Iova, DmaAttributes attributes = DmaAttributes.None, uint pasid = 0, ushort source = Source)
    {
        _request[0] = new DmaRequest(new StreamId(source), new Iova(iova), access) { Attributes = attributes, Pasid = pasid };
        Silicon.Translate(_request, _completion);
        return _completion[0];
    }

    public FaultRecord? TakeFault()
    {
        var records = new FaultRecord[1];
        return Silicon.Faults.Take(records) == 1 ? records[0] : null;
    }

    public void Lands(ulong address, DmaAccess access = DmaAccess.Write, ulong iova = Iova) =>
        Assert.Equal(new DmaCompletion(new PhysicalAddress(address), DmaStatus.Completed, 0), Dma(access, iova));

    public void IsRefused(ushort code, DmaAccess access = DmaAccess.Write, ulong iova = Iova)
    {
        Assert.Equal(DmaStatus.Aborted, Dma(access, iova).Status);
        Assert.Equal(code, TakeFault()?.Code);
    }

    public void Dispose() => Memory.Dispose();

    private void Chain(ulong top, ulong bits)
    {
        Write(top, (top + 0x1000) | bits);
        Write(top + 0x1000, (top + 0x2000) | bits);
        Write(top + 0x2000 + (0x91 * 8), (top + 0x3000) | bits);
    }
}
