using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>The silicon's side of one function: its state and its registered translation.</summary>
internal sealed class S390FunctionUnit(uint id, S390Function description, S390Options options)
{
    public uint Id => id;

    public S390Function Description => description;

    public S390FunctionState State { get; set; }

    public uint Handle => description.Handle | (State == S390FunctionState.Disabled ? 0 : S390Function.EnabledHandle);

    public bool IsRegistered { get; private set; }

    public S390Fib Registered { get; private set; }

    // A hypervisor translates: what RPCIT has shown it, nothing else.
    public bool IsShadowed => description.NeedsRefresh && options.Shadowing;

    public bool Translates => (Registered.Iota & S390Format.TranslationEnabled) != 0;

    // fc of the FIB.
    public uint Controls => State switch
    {
        S390FunctionState.Disabled => 0,
        S390FunctionState.Enabled => 0x80u,
        S390FunctionState.Blocked => 0xc0u,
        _ => 0xe0u,
    } | (IsRegistered ? 0x10u : 0);

    public void Disable()
    {
        State = S390FunctionState.Disabled;
        Deregister();
    }

    public S390Result Modify(S390Operation operation, S390Fib fib) => operation switch
    {
        S390Operation.RegisterTranslation => IsRegistered ? OutOfSequence : Register(fib),
        S390Operation.DeregisterTranslation when IsRegistered => Deregister(),
        S390Operation.ReregisterTranslation when IsRegistered => Deregister() is { ConditionCode: 0 } ? Register(fib) : OutOfSequence,
        S390Operation.ResetError when State is S390FunctionState.Error or S390FunctionState.Blocked => Enter(S390FunctionState.Enabled),
        S390Operation.ResetBlock when State == S390FunctionState.Error => Enter(S390FunctionState.Blocked),
        S390Operation.DeregisterTranslation or S390Operation.ReregisterTranslation or S390Operation.ResetError or S390Operation.ResetBlock => OutOfSequence,
        S390Operation.RegisterInterrupts or S390Operation.DeregisterInterrupts or S390Operation.RegisterDirectedInterrupts
            or S390Operation.DeregisterDirectedInterrupts or S390Operation.SetMeasurement => S390Result.Done,
        _ => S390Result.Error(S390Status.InsufficientResources),
    };

    private static S390Result OutOfSequence => S390Result.Error(S390Status.AlreadyEnabled);

    private S390Result Register(S390Fib fib)
    {
        if (options.RefusesRegistrationInError && State != S390FunctionState.Enabled)
            return S390Result.Error(S390Status.NotAvailable);
        var (first, last) = (fib.Base & ~(S390Format.PageSize - 1), fib.Limit | (S390Format.PageSize - 1));
        var end = description.End + (description.IsInternalSharedMemory ? S390Format.PageSize : 0);
        var translates = (fib.Iota & S390Format.TranslationEnabled) != 0;
        var known = translates ? fib.Iota.InPlace(4, 2) == S390Format.RegionThirdDesignation : description.RelaxedTranslation;
        if (first > last || first < description.Start || last > end || !known)
            return S390Result.Error(S390Status.InsufficientResources);
        Registered = new S390Fib(first, last, fib.Iota);
        IsRegistered = true;
        return S390Result.Done;
    }

    private S390Result Deregister()
    {
        Registered = default;
        IsRegistered = false;
        return S390Result.Done;
    }

    private S390Result Enter(S390FunctionState state)
    {
        State = state;
        return S390Result.Done;
    }
}
