using Emulator.Actors.Faults;

namespace Emulator.Simulations.Exploration;

/// <summary>Something that is done to the host before a step of a run.</summary>
/// <param name="Step">The step, from 1.</param>
/// <param name="Group">The group that is to change its owner, from 0; taken modulo the number of groups.</param>
/// <param name="Tenant">The tenant that it is to join, from 0.</param>
/// <param name="Fault">A fault in place of a change of owner.</param>
public sealed record ExploredAction(int Step, int Group, int Tenant, Fault? Fault = null);
