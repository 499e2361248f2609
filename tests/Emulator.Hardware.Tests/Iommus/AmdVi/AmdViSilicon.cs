using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.AmdVi;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Tests.Iommus.AmdVi;

// Silicon that is programmed by hand: device table, command buffer and event log at fixed places.
internal sealed class AmdViSilicon : IDisposable
{
    public const ulong DeviceTable = 0x10000;
    public const ulong Commands = 0x20000;
    public const ulong Log = 0x30000;
    public const ulong Tables = 0x100000;
    public const ushort Device = 0x18;

    private ulong _tail;

    public AmdViSilicon(AmdViIommuOptions? options = null, ulong control = 0)
    {
        Memory = new PhysicalMemory(new MemoryRange(0, 1UL << 32));
        Iommu = new AmdViIommu("amd-iommu", Memory, options ?? new AmdViIommuOptions());
        Write(AmdViRegisters.DeviceTableBase, DeviceTable);
        Write(AmdViRegisters.CommandBufferBase, Commands | AmdViRegisters.RingOf512);
        Write(AmdViRegisters.EventLogBase, Log | AmdViRegisters.RingOf512);
        Write(AmdViRegisters.Control, control | Bit(AmdViControl.Enable) | Bit(AmdViControl.EventLog) | Bit(AmdViControl.CommandBuffer));
    }

    public PhysicalMemory Memory { get; }

    public AmdViIommu Iommu { get; }

    public static ulong Bit(int bit) => 1UL << bit;

    public static DmaCompletion Translate(AmdViIommu iommu, DmaRequest request)
    {
        var completion = new DmaCompletion[1];
        iommu.Translate([request], completion);
        return completion[0];
    }

    public static List<AmdViEvent> Events(AmdViIommu iommu, PhysicalMemory memory)
    {
        var log = iommu.Registers.Read(AmdViRegisters.EventLogBase, 8) & AmdViRegisters.AddressMask;
        var events = new List<AmdViEvent>();
        for (var offset = iommu.Registers.Read(AmdViRegisters.EventHead, 8); offset != iommu.Registers.Read(AmdViRegisters.EventTail, 8); offset = (offset + 16) % 8192)
            events.Add(new AmdViEvent(memory.Read64(log + offset), memory.Read64(log + offset + 8)));
        return events;
    }

    public void Write(ulong offset, ulong value) => Iommu.Registers.Write(offset, 8, value);

    public ulong Read(ulong offset) => Iommu.Registers.Read(offset, 8);

    public AmdViStatus Status => (AmdViStatus)Read(AmdViRegisters.Status);

    public void SetDeviceEntry(ulong word0, ulong word1, ulong word2 = 0)
    {
        var address = DeviceTable + (Device * AmdViDeviceTableEntry.Size);
        Memory.Write64(address, word0);
        Memory.Write64(address + 8, word1);
        Memory.Write64(address + 16, word2);
    }

    // A three-level table that maps IOVA 0 to 2 MiB - 4 KiB through one table of leaves; the leaf of page 5 is given.
    public void MapPage5(ulong leaf, ulong word1 = 1)
    {
        Memory.Write64(Tables, (Tables + 0x1000) | 0x6000_0000_0000_0401);
        Memory.Write64(Tables + 0x1000, (Tables + 0x2000) | 0x6000_0000_0000_0201);
        Memory.Write64(Tables + 0x2000 + (5 * 8), leaf);
        SetDeviceEntry(Tables | 0x6000_0000_0000_0603, word1);
    }

    public void Issue(AmdViCommand command) => Issue(command.Word0, command.Word1);

    public void Issue(ulong word0, ulong word1)
    {
        Memory.Write64(Commands + _tail, word0);
        Memory.Write64(Commands + _tail + 8, word1);
        _tail += 16;
        Write(AmdViRegisters.CommandTail, _tail);
    }

    public DmaCompletion Dma(ulong iova, DmaAccess access = DmaAccess.Read, ushort device = Device) =>
        Dma(new DmaRequest(new StreamId(device), new Iova(iova), access));

    public DmaCompletion Dma(DmaRequest request) => Translate(Iommu, request);

    public List<AmdViEvent> Events() => Events(Iommu, Memory);

    public void Dispose() => Memory.Dispose();
}
