namespace Emulator.Hardware.Timing;

/// <summary>What an IOMMU and the kernel that programs it take in time. All times are nanoseconds. Defaults: measured on VT-d of 2013 to 2016 where nothing
/// else is said (SIGCOMM 2018, doi:10.1145/3230543.3230560, and the model fitted to it); [model] marks a choice that no measurement backs.</summary>
public sealed record IommuTiming
{
    /// <summary>Page walks that go on at the same time, 1 to <see cref="TranslationTimer.MaxWalkers"/>. Only the walk rate, walkers / (walk + hold), can be
    /// seen from outside.</summary>
    public int Walkers { get; init; } = 6;

    /// <summary>One walk, from the miss to the translation.</summary>
    public double Walk { get; init; } = 286;

    /// <summary>How much longer than the walk a read keeps its walker.</summary>
    public double HoldRead { get; init; } = 60;

    /// <summary>How much longer than the walk a write keeps its walker.</summary>
    public double HoldWrite { get; init; } = 10;

    /// <summary>From the submission of an invalidation until the kernel has seen it complete, all register accesses included: 2130 cycles at 3.1 GHz (ASPLOS
    /// 2015, rIOMMU). The queue serves one submitter at a time.</summary>
    public double Invalidation { get; init; } = 687;

    /// <summary>A register read of a driver: uncached, to the root complex and back. [model]</summary>
    public double RegisterRead { get; init; } = 150;

    /// <summary>A register write of a driver: posted. [model]</summary>
    public double RegisterWrite { get; init; } = 50;

    /// <summary>A load or store of a driver in memory. [model]</summary>
    public double MemoryAccess { get; init; } = 4;

    /// <summary>An IOVA from the allocator, and its return. [model]</summary>
    public double IovaAllocation { get; init; } = 40;

    /// <summary>A map or unmap call of a page table: 8 to 30 ns for the real code on an x86-64 server, one page.</summary>
    public double MapCall { get; init; } = 20;

    /// <summary>Each further page of the call: 1.2 to 9.5 ns likewise.</summary>
    public double MapPage { get; init; } = 2;

    /// <summary>Checks the limits.</summary>
    /// <exception cref="ArgumentException">A value is outside its limits; the message names it.</exception>
    public void Validate()
    {
        if (Walkers is < 1 or > TranslationTimer.MaxWalkers)
            throw new ArgumentException($"{Walkers} walkers are outside 1 to {TranslationTimer.MaxWalkers}");
        foreach (var parameter in TimingParameters.Of(this))
            TimingParameters.CheckTime(parameter);
    }
}
