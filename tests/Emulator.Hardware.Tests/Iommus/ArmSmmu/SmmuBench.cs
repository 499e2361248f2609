using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.ArmSmmu;
using Emulator.Hardware.Memory;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmu;

/// <summary>The silicon alone on a bench: on, unmatched streams refused, registers and tables written by hand.</summary>
internal sealed class SmmuBench : IDisposable
{
    public const uint Sid = 0x42;
    public const int Bank = 3;
    public const ulong Root = 0x8000_0000;
    public const ulong LastTable = 0x8000_3000;

    /// <summary>First address of the page that <see cref="MapPage"/> maps.</summary>
    public const ulong Page = 0x1000_0000;

    public const ulong Frame = 0x89AB_C000;
    public const uint On = 0x1c36;
    public const uint Stage1On = 0x1067;

    public SmmuBench(ArmSmmuOptions? options = null)
    {
        Options = options ?? new ArmSmmuOptions { Id1 = 0x2003_0008 };
        Memory = new PhysicalMemory(new MemoryRange(0, 4UL << 30));
        Silicon = new ArmSmmuIommu("smmu", Memory, Options);
        Write(R.Control, On);
    }

    public ArmSmmuOptions Options { get; }

    public PhysicalMemory Memory { get; }

    public ArmSmmuIommu Silicon { get; }

    public ArmSmmuLayout Layout => Options.Layout;

    public ulong Read(ulong offset, int width = 4) => Silicon.Registers.Read(offset, width);

    public void Write(ulong offset, ulong value, int width = 4) => Silicon.Registers.Write(offset, width, value);

    public ulong ReadBank(ulong offset, int width = 4, int bank = Bank) => Read(Layout.Bank(bank) + offset, width);

    public void WriteBank(ulong offset, ulong value, int width = 4, int bank = Bank) => Write(Layout.Bank(bank) + offset, value, width);

    /// <summary>A stream goes where an S2CR says.</summary>
    public void Route(uint context, uint sid = Sid, int entry = 0, ushort mask = 0)
    {
        Write(R.StreamToContext + (4 * (ulong)entry), context);
        Write(R.StreamMatch + (4 * (ulong)entry), new StreamMatchEntry { Valid = true, Id = (ushort)sid, Mask = mask }.Raw);
    }

    /// <summary>A bank of AArch64 stage 1, 48 bits, 4K, as Linux programs it; the ASID is the bank's number.</summary>
    public void TurnOn(int bank = Bank, uint control = Stage1On, ulong root = Root)
    {
        Write(Layout.Page1 + R.BankAttributes2 + (4 * (ulong)bank), 1);
        Write(Layout.Page1 + R.BankAttributes + (4 * (ulong)bank), 0x1f300);
        WriteBank(R.TranslationControl2, 0x38015, bank: bank);
        WriteBank(R.TranslationControl, 0x80_3510, bank: bank);
        WriteBank(R.TableBase0, root | (ulong)bank << 48, 8, bank);
        WriteBank(R.BankControl, control, bank: bank);
    }

    /// <summary>Four levels of tables from <see cref="Root"/> up; one leaf at <see cref="Page"/>.</summary>
    public void MapPage(ulong leaf = Frame | 0xf47)
    {
        Memory.Write64(Root, 0x8000_1003);
        Memory.Write64(0x8000_1000, 0x8000_2003);
        Memory.Write64(0x8000_2400, LastTable | 3);
        Memory.Write64(LastTable, leaf);
    }

    /// <summary>The stream, the bank and the page together.</summary>
    public void SetUp(ulong leaf = Frame | 0xf47, uint control = Stage1On)
    {
        MapPage(leaf);
        TurnOn(control: control);
        Route(Bank);
    }

    public DmaCompletion Send(ulong iova, DmaAccess access = DmaAccess.Write, uint sid = Sid, DmaAttributes attributes = DmaAttributes.None, ushort tag = 0)
    {
        var completion = new DmaCompletion[1];
        Silicon.Translate([new DmaRequest(new StreamId(sid), new Iova(iova), access) { Attributes = attributes, Tag = tag }], completion);
        return completion[0];
    }

    /// <summary>Where a DMA lands; null when it is refused.</summary>
    public ulong? Lands(ulong iova, DmaAccess access = DmaAccess.Write, uint sid = Sid, DmaAttributes attributes = DmaAttributes.None)
    {
        var completion = Send(iova, access, sid, attributes);
        return completion.Status == DmaStatus.Completed ? completion.Address.Value : null;
    }

    /// <summary>The oldest fault record.</summary>
    public FaultRecord? TakeFault()
    {
        var record = new FaultRecord[1];
        return Silicon.Faults.Take(record) == 1 ? record[0] : null;
    }

    public void Dispose() => Memory.Dispose();
}
