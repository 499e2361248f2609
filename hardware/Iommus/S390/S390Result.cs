namespace Emulator.Hardware.Iommus.S390;

/// <summary>How an instruction ended.</summary>
/// <param name="ConditionCode">0 done, 1 error, 2 busy, 3 no such function handle.</param>
/// <param name="Status">Why, with condition code 1.</param>
public readonly record struct S390Result(int ConditionCode, S390Status Status = S390Status.None)
{
    /// <summary>Done.</summary>
    public static S390Result Done => new(0);

    /// <summary>No function has the handle.</summary>
    public static S390Result NoSuchHandle => new(3);

    /// <summary>Refused.</summary>
    public static S390Result Error(S390Status status) => new(1, status);
}
