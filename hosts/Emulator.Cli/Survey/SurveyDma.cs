using Emulator.Hardware.Dma;

namespace Emulator.Cli.Survey;

/// <summary>One probe and its answer.</summary>
/// <param name="Access">Its direction.</param>
/// <param name="Iova">Where it was sent.</param>
/// <param name="Landing">What lies where it landed.</param>
/// <param name="LandedAt">The address where it landed; null when it was refused.</param>
/// <param name="Fault">The fault that the silicon recorded for it, if any.</param>
/// <param name="KernelBug">What stopped the kernel while it handled the interrupt of that fault; null when it did not.</param>
public sealed record SurveyDma(DmaAccess Access, ulong Iova, SurveyLanding Landing, ulong? LandedAt, FaultRecord? Fault, string? KernelBug = null);
