namespace Emulator.Hardware.Iommus.S390;

/// <summary>
/// The window through which the model's silicon is programmed. The real one has no registers: these are the operands and results of its privileged
/// instructions. A write to an instruction's register executes it with the operands written before; the condition code is then in <see cref="ConditionCode"/>,
/// and the instruction's register holds the request with the status in [31:24].
/// </summary>
/// <remarks>Each CPU executes its instructions for itself, so each has a window of its own. Source: Linux 6.1 arch/s390/include/asm/pci_insn.h, pci_clp.h.</remarks>
public static class S390Registers
{
    /// <summary>CPUs with a window.</summary>
    public const int Cpus = 2;

    /// <summary>Bytes of one CPU's window.</summary>
    public const ulong CpuWindowSize = 0x100;

    /// <summary>Bytes of everything: the CPUs' windows, then the event report.</summary>
    public const ulong WindowSize = EventBase + 0x20;

    /// <summary>Function information block (FIB): PCI base address, the lowest IOVA.</summary>
    public const ulong FibBase = 0x00;

    /// <summary>FIB: PCI address limit, the highest IOVA, inclusive.</summary>
    public const ulong FibLimit = 0x08;

    /// <summary>FIB: I/O translation anchor (IOTA).</summary>
    public const ulong FibIota = 0x10;

    /// <summary>FIB: guest designation.</summary>
    public const ulong FibGuestDesignation = 0x18;

    /// <summary>FIB: function controls, as STPCIFC stores them: [7] enabled, [6] error, [5] loads and stores blocked, [4] IOAT registered.</summary>
    public const ulong FibControls = 0x1c;

    /// <summary>MODIFY PCI FUNCTION CONTROLS: [63:32] function handle, [23:16] DMA address space, [7:0] operation.</summary>
    public const ulong ModifyControls = 0x20;

    /// <summary>Operand of RPCIT: first IOVA.</summary>
    public const ulong RefreshAddress = 0x28;

    /// <summary>Operand of RPCIT: bytes.</summary>
    public const ulong RefreshLength = 0x30;

    /// <summary>REFRESH PCI TRANSLATIONS: [63:32] function handle.</summary>
    public const ulong Refresh = 0x38;

    /// <summary>STORE PCI FUNCTION CONTROLS into the FIB registers: [63:32] function handle.</summary>
    public const ulong StoreControls = 0x40;

    /// <summary>Condition code of the last instruction: 0 done, 1 error (see the status), 2 busy, 3 no such function handle.</summary>
    public const ulong ConditionCode = 0x48;

    /// <summary>CALL LOGICAL PROCESSOR: [31:0] function ID; a write executes <see cref="ClpQuery"/>, <see cref="ClpEnable"/> or <see cref="ClpDisable"/> in [63:32].</summary>
    public const ulong Clp = 0x50;

    /// <summary>Response of CLP: function handle.</summary>
    public const ulong ClpHandle = 0x58;

    /// <summary>Response of CLP query: [0] every map needs an RPCIT, [1] relaxed translation, [2] internal shared memory (ISM) device.</summary>
    public const ulong ClpFlags = 0x5c;

    /// <summary>Response of CLP query: lowest IOVA of the function (SDMA).</summary>
    public const ulong ClpStart = 0x60;

    /// <summary>Response of CLP query: highest IOVA of the function, inclusive (EDMA).</summary>
    public const ulong ClpEnd = 0x68;

    /// <summary>Event report: [0] there is one; writing a one discards it.</summary>
    public const ulong EventStatus = EventBase;

    /// <summary>Event report: [15:0] PCI event code (PEC), [16] a write, [19:17] levels of table walked.</summary>
    public const ulong EventCode = EventBase + 0x04;

    /// <summary>Event report: function handle.</summary>
    public const ulong EventHandle = EventBase + 0x08;

    /// <summary>Event report: function ID.</summary>
    public const ulong EventFunction = EventBase + 0x0c;

    /// <summary>Event report: failing address.</summary>
    public const ulong EventAddress = EventBase + 0x10;

    /// <summary>CLP: query PCI function.</summary>
    public const uint ClpQuery = 1;

    /// <summary>CLP: set PCI function, enable.</summary>
    public const uint ClpEnable = 2;

    /// <summary>CLP: set PCI function, disable.</summary>
    public const uint ClpDisable = 3;

    private const ulong EventBase = Cpus * CpuWindowSize;

    /// <summary>A register of a CPU's window.</summary>
    /// <param name="cpu">0 to <see cref="Cpus"/> - 1.</param>
    /// <param name="register">Its offset in the window.</param>
    public static ulong Of(int cpu, ulong register) => ((ulong)cpu * CpuWindowSize) + register;

    /// <summary>The request of an MPCIFC.</summary>
    public static ulong Request(uint handle, S390Operation operation) => ((ulong)handle << 32) | (byte)operation;
}
