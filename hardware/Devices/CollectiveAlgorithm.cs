namespace Emulator.Hardware.Devices;

/// <summary>What ranks do together.</summary>
public enum CollectiveAlgorithm
{
    /// <summary>Ring all-reduce: 2 (N - 1) steps, in each of which every rank sends an N-th of its data to the next one.</summary>
    AllReduce,

    /// <summary>Every rank sends an N-th of its data to every other one.</summary>
    AllToAll,
}
