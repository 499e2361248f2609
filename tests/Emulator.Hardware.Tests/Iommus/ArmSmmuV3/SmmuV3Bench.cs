using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.ArmSmmuV3;
using Emulator.Hardware.Memory;
using R = Emulator.Hardware.Iommus.ArmSmmuV3.ArmSmmuV3Registers;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmuV3;

/// <summary>An SMMUv3 on a bench: brought up in Linux's order, tables and commands written as a driver writes them.</summary>
internal sealed class SmmuV3Bench : IDisposable
{
    public const uint Sid = 0x20;
    public const ulong StreamTable = 0x1000_0000;
    public const ulong CommandQueue = 0x1100_0000;
    public const ulong EventQueue = 0x1200_0000;
    public const ulong ContextTable = 0x1300_0000;
    public const ulong Root = 0x8000_0000;
    public const ulong SecondRoot = 0xA000_0000;

    /// <summary>A 48-bit 4K stage 1 with ASID 1, faults recorded and aborted: worked example 1.</summary>
    public static readonly ContextDescriptor Stage1 = new(0x0001E202C0003510, Root, 0, 0xF404FF44);

    /// <summary>RW, not global, cached page attributes of a leaf.</summary>
    public const ulong Page = 0xF47;

    private const int CommandsLog2 = 4;

    private ulong _nextTable = 0x2000_0000;

    public SmmuV3Bench(ArmSmmuV3Options? options = null, int eventsLog2 = 5, PhysicalMemory? memory = null)
    {
        Memory = memory ?? new PhysicalMemory();
        Silicon = new ArmSmmuV3Iommu("smmu", Memory, options ?? new ArmSmmuV3Options());
        Write(R.Cr2, (uint)(Control2.PrivateTlbMaintenance | Control2.RecordInvalidStreamId));
        Write(R.StrtabBase, StreamTable, 8);
        Write(R.StrtabBaseCfg, new StreamTableShape { Log2Size = 8 }.Raw);
        Write(R.CmdqBase, new QueueBase { Address = CommandQueue, Log2Size = CommandsLog2 }.Raw, 8);
        Write(R.EvtqBase, new QueueBase { Address = EventQueue, Log2Size = eventsLog2 }.Raw, 8);
        Write(R.IrqCtrl, 7);
        Write(R.Cr0, (uint)Control0.All);
        Assert.Equal((ulong)Control0.All, Read(R.Cr0Ack));
    }

    public PhysicalMemory Memory { get; }

    public ArmSmmuV3Iommu Silicon { get; }

    public ulong Read(ulong offset, int width = 4) => Silicon.Registers.Read(offset, width);

    public void Write(ulong offset, ulong value, int width = 4) => Silicon.Registers.Write(offset, width, value);

    public void Store(StreamTableEntry entry, uint sid = Sid)
    {
        for (var i = 0; i < StreamTableEntry.Words; i++)
            Memory.Write64(StreamTable + (sid * StreamTableEntry.Size) + ((ulong)i * 8), entry.Word(i));
    }

    public void Store(ContextDescriptor descriptor, uint ssid = 0, ulong table = ContextTable)
    {
        for (var i = 0; i < ContextDescriptor.Words; i++)
            Memory.Write64(table + (ssid * ContextDescriptor.Size) + ((ulong)i * 8), descriptor.Word(i));
    }

    /// <summary>Attaches a stream to stage 1 with one CD.</summary>
    public void Attach(ContextDescriptor descriptor, uint sid = Sid, ulong table = ContextTable)
    {
        Store(descriptor, table: table);
        Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Stage1, ContextTable = table }, sid);
    }

    /// <summary>Writes the entries of a 4K table that map one page, from a level down to level 3.</summary>
    public ulong Map(ulong root, ulong iova, ulong leaf, int startLevel = 0, int leafLevel = 3)
    {
        var table = root;
        for (var level = startLevel; ; level++)
        {
            var index = (iova >> (39 - (9 * level))) & (level == startLevel && level > 0 ? 0xfffUL : 0x1ff);
            var address = table + (index * 8);
            if (level == leafLevel)
            {
                Memory.Write64(address, leaf);
                return address;
            }

            if (Memory.Read64(address) == 0)
            {
                Memory.Write64(address, _nextTable | 3);
                _nextTable += 0x1000;
            }

            table = Memory.Read64(address) & 0xffff_ffff_f000;
        }
    }

    public void Send(params Command[] commands)
    {
        foreach (var command in commands)
        {
            var prod = new QueuePointer((uint)Read(R.CmdqProd), CommandsLog2);
            Memory.Write64(CommandQueue + (prod.Index * 16UL), command.Word0);
            Memory.Write64(CommandQueue + (prod.Index * 16UL) + 8, command.Word1);
            Write(R.CmdqProd, prod.Next);
        }
    }

    public DmaCompletion Dma(ulong iova, DmaAccess access = DmaAccess.Read, uint sid = Sid, uint? ssid = null, DmaAttributes attributes = DmaAttributes.None)
    {
        var completions = new DmaCompletion[1];
        var request = new DmaRequest(new StreamId(sid), new Iova(iova), access)
        {
            Attributes = attributes | (ssid == null ? DmaAttributes.None : DmaAttributes.Pasid),
            Pasid = ssid ?? 0,
        };
        Silicon.Translate([request], completions);
        return completions[0];
    }

    /// <summary>Where a DMA landed; null when it did not.</summary>
    public ulong? Lands(ulong iova, DmaAccess access = DmaAccess.Read, uint sid = Sid, uint? ssid = null, DmaAttributes attributes = DmaAttributes.None)
    {
        var completion = Dma(iova, access, sid, ssid, attributes);
        return completion.Status == DmaStatus.Completed ? completion.Address.Value : null;
    }

    /// <summary>Takes the oldest event out of the queue as a driver does; null when it is empty.</summary>
    public EventRecord? TakeEvent()
    {
        var log2 = new QueueBase(Read(R.EvtqBase, 8)).Log2Size;
        var cons = new QueuePointer((uint)Read(R.EvtqCons), log2);
        if (new QueuePointer((uint)Read(R.EvtqProd), log2).IsEmpty(cons))
            return null;
        var address = EventQueue + (cons.Index * 32UL);
        var record = new EventRecord(Memory.Read64(address), Memory.Read64(address + 8), Memory.Read64(address + 16), Memory.Read64(address + 24));
        Write(R.EvtqCons, cons.Next);
        return record;
    }

    /// <summary>Takes the one event that is in the queue.</summary>
    public EventRecord TheEvent()
    {
        var record = TakeEvent();
        Assert.NotNull(record);
        Assert.Null(TakeEvent());
        return record.Value;
    }

    public void Dispose() => Memory.Dispose();
}
