using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>The command queue: consumed at once whenever PROD is written, until it is empty or a command is in error.</summary>
internal sealed class CommandQueue
{
    private readonly PhysicalMemory _memory;
    private readonly GlobalErrorRegisters _errors;
    private readonly FaultLog _faults;
    private readonly CommandExecutor _executor;
    private readonly Register _base;
    private readonly Register _prod;
    private readonly Register _cons;
    private readonly int _maxLog2Size;

    public CommandQueue(PhysicalMemory memory, RegisterFile file, ArmSmmuV3Options options, GlobalErrorRegisters errors, FaultLog faults, CommandExecutor executor)
    {
        _memory = memory;
        _errors = errors;
        _faults = faults;
        _executor = executor;
        _maxLog2Size = options.MaxQueueLog2.Command;
        _base = file.Add(ArmSmmuV3Registers.CmdqBase, 8, "CMDQ_BASE", fields: "LOG2SIZE 4:0, ADDR 51:5, RA 62", writable: () => !Enabled);
        _prod = file.Add(ArmSmmuV3Registers.CmdqProd, 4, "CMDQ_PROD", fields: "WR 19:0", onWrite: _ => Consume());
        _cons = file.Add(ArmSmmuV3Registers.CmdqCons, 4, "CMDQ_CONS", fields: "RD 19:0, ERR 30:24", writable: () => !Enabled);
    }

    /// <summary>CR0.CMDQEN as acknowledged.</summary>
    public bool Enabled { get; set; }

    private int Log2Size => Math.Min(new QueueBase(_base.Value).Log2Size, _maxLog2Size);

    /// <summary>Consumes commands; does nothing while the queue is off or an error is not acknowledged.</summary>
    public void Consume()
    {
        while (Enabled && (_errors.Active & GlobalErrors.CommandQueue) == 0)
        {
            var log2Size = Log2Size;
            var cons = new QueuePointer((uint)_cons.Value, log2Size);
            if (new QueuePointer((uint)_prod.Value, log2Size).IsEmpty(cons))
                return;
            var address = new QueueBase(_base.Value).Address + ((ulong)cons.Index * Command.Size);
            var read = _memory.TryRead64(address, out var word0);
            read &= _memory.TryRead64(address + 8, out var word1);
            var error = !read ? CommandError.Abort : _executor.Execute(new Command(word0, word1)) ? CommandError.None : CommandError.Illegal;
            if (error != CommandError.None)
            {
                _cons.Value = cons.Position | ((ulong)error << 24);
                _faults.Add(new FaultRecord(default, default, DmaAccess.Read, FaultReason.CommandError, (ushort)error));
                _errors.Raise(GlobalErrors.CommandQueue);
                return;
            }

            _cons.Value = new QueuePointer(cons.Position, log2Size).Next;
        }
    }
}
