using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>One CPU's window to the instructions: operands in registers, execution by the write that names the function.</summary>
internal sealed class S390InstructionWindow
{
    private const int StatusShift = 24;

    private readonly S390Iommu _facility;
    private readonly Register _base;
    private readonly Register _limit;
    private readonly Register _iota;
    private readonly Register _controls;
    private readonly Register _address;
    private readonly Register _length;
    private readonly Register _conditionCode;
    private readonly Register _handle;
    private readonly Register _flags;
    private readonly Register _start;
    private readonly Register _end;

    public S390InstructionWindow(S390Iommu facility, int cpu)
    {
        _facility = facility;
        _base = Operand(S390Registers.FibBase, "FIB_PBA", "[63:0] lowest IOVA");
        _limit = Operand(S390Registers.FibLimit, "FIB_PAL", "[63:0] highest IOVA, inclusive");
        _iota = Operand(S390Registers.FibIota, "FIB_IOTA", "[63:12] table origin, [11] translate, [4:2] designation type, [1:0] frame size");
        Add(S390Registers.FibGuestDesignation, 4, "FIB_GD", RegisterAccess.ReadWrite, "[31:0] guest designation");
        _controls = Add(
            S390Registers.FibControls, 4, "FIB_FC", RegisterAccess.ReadOnly, "[7] enabled, [6] error, [5] loads and stores blocked, [4] translation registered");
        Instruction(S390Registers.ModifyControls, "MPCIFC", "[63:32] handle, [31:24] status, [23:16] address space, [7:0] operation", Modify);
        _address = Operand(S390Registers.RefreshAddress, "RPCIT_ADDRESS", "[63:0] first IOVA");
        _length = Operand(S390Registers.RefreshLength, "RPCIT_LENGTH", "[63:0] bytes");
        Instruction(S390Registers.Refresh, "RPCIT", "[63:32] handle, [31:24] status", request => _facility.Refresh(Handle(request), _address!.Value, _length!.Value));
        Instruction(S390Registers.StoreControls, "STPCIFC", "[63:32] handle, [31:24] status", Store);
        _conditionCode = Add(S390Registers.ConditionCode, 4, "CC", RegisterAccess.ReadOnly, "[1:0] condition code");
        Instruction(S390Registers.Clp, "CLP", "[63:32] command, [31:0] function ID", Call);
        _handle = Add(S390Registers.ClpHandle, 4, "CLP_FH", RegisterAccess.ReadOnly, "[31:0] function handle");
        _flags = Add(S390Registers.ClpFlags, 4, "CLP_FLAGS", RegisterAccess.ReadOnly, "[0] refresh, [1] relaxed translation, [2] ISM");
        _start = Add(S390Registers.ClpStart, 8, "CLP_SDMA", RegisterAccess.ReadOnly, "[63:0] lowest IOVA");
        _end = Add(S390Registers.ClpEnd, 8, "CLP_EDMA", RegisterAccess.ReadOnly, "[63:0] highest IOVA, inclusive");

        Register Add(ulong offset, int width, string name, RegisterAccess access, string fields, Action<ulong>? onWrite = null) =>
            facility.Registers.Add(S390Registers.Of(cpu, offset), width, $"CPU{cpu}_{name}", access, fields: fields, onWrite: onWrite);

        Register Operand(ulong offset, string name, string fields) => Add(offset, 8, name, RegisterAccess.ReadWrite, fields);

        // The request stays in the register, with the status.
        void Instruction(ulong offset, string name, string fields, Func<ulong, S390Result> execute)
        {
            Register? register = null;
            register = Add(offset, 8, name, RegisterAccess.ReadWrite, fields, request =>
            {
                var result = execute(request);
                _conditionCode!.Value = (ulong)result.ConditionCode;
                register!.Value = request.With(StatusShift + 7, StatusShift, (ulong)result.Status);
            });
        }
    }

    private static uint Handle(ulong request) => (uint)(request >> 32);

    private S390Result Modify(ulong request) =>
        request.Number(23, 16) != 0
            ? S390Result.Error(S390Status.AddressSpaceNotEnabled)
            : _facility.Modify(Handle(request), (S390Operation)request.Bits(7, 0), new S390Fib(_base.Value, _limit.Value, _iota.Value));

    private S390Result Store(ulong request)
    {
        if (_facility.Find(Handle(request)) is not { } function)
            return S390Result.NoSuchHandle;
        (_base.Value, _limit.Value, _iota.Value) = (function.Registered.Base, function.Registered.Limit, function.Registered.Iota);
        _controls.Value = function.Controls;
        return S390Result.Done;
    }

    private S390Result Call(ulong request)
    {
        if (_facility.FindById((uint)request) is not { } function)
            return S390Result.NoSuchHandle;
        var result = _facility.Call((uint)(request >> 32), function);
        var description = function.Description;
        _handle.Value = function.Handle;
        _flags.Value = (description.NeedsRefresh ? 1u : 0) | (description.RelaxedTranslation ? 2u : 0) | (description.IsInternalSharedMemory ? 4u : 0);
        (_start.Value, _end.Value) = (description.Start, description.End);
        return result;
    }
}
