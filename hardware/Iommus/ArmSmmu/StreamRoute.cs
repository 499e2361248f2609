namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>Where a stream goes.</summary>
/// <param name="Fault">Why it is refused, or <see cref="ArmSmmuFault.None"/>.</param>
/// <param name="Bank">The context bank; -1 for a stream that passes untranslated.</param>
/// <param name="Privilege">The privilege of its requests.</param>
internal readonly record struct StreamRoute(ArmSmmuFault Fault, short Bank, StreamPrivilege Privilege);
