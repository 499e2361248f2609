namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Why a request was not translated, as an event says it.</summary>
/// <param name="Code">The event.</param>
/// <param name="Class">What the access was for.</param>
/// <param name="Stage2">A fault of stage 2.</param>
/// <param name="Address">The intermediate address (stage 2), or the address that could not be read.</param>
internal readonly record struct TranslationFault(EventCode Code, EventClass Class = EventClass.ContextDescriptor, bool Stage2 = false, ulong Address = 0);
