using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>A command, 16 bytes. The builders give the words that Linux writes.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c:234, arm_smmu_cmdq_build_cmd.</remarks>
/// <param name="Word0">DW0: opcode and identifiers.</param>
/// <param name="Word1">DW1: address, leaf, ranges.</param>
public readonly record struct Command(ulong Word0, ulong Word1)
{
    /// <summary>Bytes of a command.</summary>
    public const int Size = 16;

    /// <summary><see cref="Range"/> of CMD_CFGI_ALL.</summary>
    public const int RangeAll = 31;

    /// <summary><see cref="AtcSize"/> that means the whole address space.</summary>
    public const int AtcSizeAll = 52;

    /// <summary>Bits 7:0.</summary>
    public CommandOpcode Opcode { get => (CommandOpcode)(byte)Word0; init => Word0 = Word0.With(7, 0, (ulong)value); }

    /// <summary>DW0 63:32, of CFGI, ATC_INV, PRI_RESP, RESUME, STALL_TERM, PREFETCH.</summary>
    public uint StreamId { get => (uint)(Word0 >> 32); init => Word0 = Word0.With(63, 32, value); }

    /// <summary>DW0 31:12, of CFGI_CD, ATC_INV, PRI_RESP.</summary>
    public uint SubstreamId { get => (uint)Word0.Bits(31, 12); init => Word0 = Word0.With(31, 12, value); }

    /// <summary>SSV, DW0 11: the SubstreamID is valid.</summary>
    public bool SubstreamValid { get => Word0.Bit(11); init => Word0 = Word0.With(11, value); }

    /// <summary>Global, DW0 9, of ATC_INV: in all PASIDs.</summary>
    public bool Global { get => Word0.Bit(9); init => Word0 = Word0.With(9, value); }

    /// <summary>VMID, DW0 47:32, of TLBI.</summary>
    public ushort Vmid { get => (ushort)Word0.Bits(47, 32); init => Word0 = Word0.With(47, 32, value); }

    /// <summary>ASID, DW0 63:48, of TLBI.</summary>
    public ushort Asid { get => (ushort)Word0.Bits(63, 48); init => Word0 = Word0.With(63, 48, value); }

    /// <summary>NUM, DW0 16:12, of range TLBI.</summary>
    public int Num { get => Word0.Number(16, 12); init => Word0 = Word0.With(16, 12, (ulong)value); }

    /// <summary>SCALE, DW0 24:20, of range TLBI: (<see cref="Num"/> + 1) &lt;&lt; SCALE granules.</summary>
    public int Scale { get => Word0.Number(24, 20); init => Word0 = Word0.With(24, 20, (ulong)value); }

    /// <summary>Leaf, DW1 0.</summary>
    public bool Leaf { get => Word1.Bit(0); init => Word1 = Word1.With(0, value); }

    /// <summary>TTL, DW1 9:8: level of the leaf entries; 0 any.</summary>
    public int Ttl { get => Word1.Number(9, 8); init => Word1 = Word1.With(9, 8, (ulong)value); }

    /// <summary>TG, DW1 11:10: 0 no range, 1 4 KiB, 2 16 KiB, 3 64 KiB.</summary>
    public int Granule { get => Word1.Number(11, 10); init => Word1 = Word1.With(11, 10, (ulong)value); }

    /// <summary>DW1 63:12, of TLBI by address and ATC_INV.</summary>
    public ulong Address { get => Word1.InPlace(63, 12); init => Word1 = Word1.With(63, 12, value >> 12); }

    /// <summary>Range, DW1 4:0, of CFGI_STE_RANGE: 2^(range+1) streams.</summary>
    public int Range { get => Word1.Number(4, 0); init => Word1 = Word1.With(4, 0, (ulong)value); }

    /// <summary>Size, DW1 5:0, of ATC_INV: 2^size pages of 4 KiB.</summary>
    public int AtcSize { get => Word1.Number(5, 0); init => Word1 = Word1.With(5, 0, (ulong)value); }

    /// <summary>GRPID, DW1 8:0, of PRI_RESP.</summary>
    public int PageRequestGroup { get => Word1.Number(8, 0); init => Word1 = Word1.With(8, 0, (ulong)value); }

    /// <summary>Resp, DW1 13:12, of PRI_RESP.</summary>
    public PriResponse PriResponse { get => (PriResponse)Word1.Bits(13, 12); init => Word1 = Word1.With(13, 12, (ulong)value); }

    /// <summary>Resp, DW0 13:12, of RESUME.</summary>
    public ResumeResponse Response { get => (ResumeResponse)Word0.Bits(13, 12); init => Word0 = Word0.With(13, 12, (ulong)value); }

    /// <summary>STAG, DW1 15:0, of RESUME.</summary>
    public ushort StallTag { get => (ushort)Word1; init => Word1 = Word1.With(15, 0, value); }

    /// <summary>CS, DW0 13:12, of SYNC.</summary>
    public SyncSignal Signal { get => (SyncSignal)Word0.Bits(13, 12); init => Word0 = Word0.With(13, 12, (ulong)value); }

    /// <summary>MSH 23:22 and MSIATTR 27:24 of SYNC together.</summary>
    public int SyncAttributes { get => Word0.Number(27, 22); init => Word0 = Word0.With(27, 22, (ulong)value); }

    /// <summary>MSIDATA, DW0 63:32, of SYNC.</summary>
    public uint MsiData { get => (uint)(Word0 >> 32); init => Word0 = Word0.With(63, 32, value); }

    /// <summary>MSIADDR, DW1 51:2, of SYNC; 0: no MSI.</summary>
    public ulong MsiAddress { get => Word1.InPlace(51, 2); init => Word1 = Word1.With(51, 2, value >> 2); }

    /// <summary>CMD_PREFETCH_CONFIG.</summary>
    public static Command PrefetchConfig(uint stream) => new() { Opcode = CommandOpcode.PrefetchConfig, StreamId = stream };

    /// <summary>CMD_CFGI_STE.</summary>
    public static Command InvalidateSte(uint stream, bool leaf = true) => new() { Opcode = CommandOpcode.InvalidateSte, StreamId = stream, Leaf = leaf };

    /// <summary>CMD_CFGI_ALL.</summary>
    public static Command InvalidateAllConfiguration() => new() { Opcode = CommandOpcode.InvalidateSteRange, Range = RangeAll };

    /// <summary>CMD_CFGI_CD.</summary>
    public static Command InvalidateCd(uint stream, uint substream, bool leaf = true) =>
        new() { Opcode = CommandOpcode.InvalidateCd, StreamId = stream, SubstreamId = substream, Leaf = leaf };

    /// <summary>CMD_CFGI_CD_ALL.</summary>
    public static Command InvalidateCdAll(uint stream) => new() { Opcode = CommandOpcode.InvalidateCdAll, StreamId = stream };

    /// <summary>A TLBI without address.</summary>
    public static Command Tlbi(CommandOpcode opcode, ushort vmid = 0, ushort asid = 0) => new() { Opcode = opcode, Vmid = vmid, Asid = asid };

    /// <summary>A TLBI of one address, without range.</summary>
    public static Command TlbiAddress(CommandOpcode opcode, ushort vmid, ushort asid, ulong address, bool leaf) =>
        new() { Opcode = opcode, Vmid = vmid, Asid = asid, Address = address, Leaf = leaf };

    /// <summary>CMD_ATC_INV of 2^<paramref name="log2Pages"/> pages of 4 KiB at an address aligned to that.</summary>
    public static Command AtcInvalidate(uint stream, uint? substream, ulong address, int log2Pages) => new()
    {
        Opcode = CommandOpcode.AtcInvalidate,
        StreamId = stream,
        SubstreamValid = substream != null,
        SubstreamId = substream ?? 0,
        Address = address,
        AtcSize = log2Pages,
    };

    /// <summary>CMD_RESUME.</summary>
    public static Command Resume(uint stream, ushort stallTag, ResumeResponse response) =>
        new() { Opcode = CommandOpcode.Resume, StreamId = stream, Response = response, StallTag = stallTag };

    /// <summary>CMD_STALL_TERM.</summary>
    public static Command StallTerminate(uint stream) => new() { Opcode = CommandOpcode.StallTerminate, StreamId = stream };

    /// <summary>CMD_SYNC that signals by SEV, as Linux writes it: 0x0FC02046.</summary>
    public static Command Sync() => new() { Opcode = CommandOpcode.Sync, Signal = SyncSignal.Event, SyncAttributes = 0x3f };

    /// <summary>CMD_SYNC that signals by an MSI write, as Linux writes it: 0x0FC01046.</summary>
    public static Command SyncMsi(ulong address, uint data) =>
        new() { Opcode = CommandOpcode.Sync, Signal = SyncSignal.Interrupt, SyncAttributes = 0x3f, MsiAddress = address, MsiData = data };
}
