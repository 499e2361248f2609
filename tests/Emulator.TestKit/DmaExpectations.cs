using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;

namespace Emulator.TestKit;

/// <summary>The expectations of <see cref="DmaOutcomes"/> on DMA that is still under way: <c>await device.Write().ExpectBlocked()</c>.</summary>
public static class DmaExpectations
{
    /// <summary>Expects <see cref="DmaOutcomes.ExpectBlocked"/>.</summary>
    public static Task<DmaOutcomes> ExpectBlocked(this Task<DmaOutcomes> sent) => Then(sent, static outcomes => outcomes.ExpectBlocked());

    /// <summary>Expects <see cref="DmaOutcomes.ExpectTranslated(TestTenant)"/>.</summary>
    public static Task<DmaOutcomes> ExpectTranslated(this Task<DmaOutcomes> sent, TestTenant to) => Then(sent, outcomes => outcomes.ExpectTranslated(to));

    /// <summary>Expects <see cref="DmaOutcomes.ExpectTranslated(PhysicalAddress)"/>.</summary>
    public static Task<DmaOutcomes> ExpectTranslated(this Task<DmaOutcomes> sent, PhysicalAddress to) => Then(sent, outcomes => outcomes.ExpectTranslated(to));

    /// <summary>Expects <see cref="DmaOutcomes.ExpectIdentity"/>.</summary>
    public static Task<DmaOutcomes> ExpectIdentity(this Task<DmaOutcomes> sent) => Then(sent, static outcomes => outcomes.ExpectIdentity());

    /// <summary>Expects <see cref="DmaOutcomes.ExpectHeld"/>.</summary>
    public static Task<DmaOutcomes> ExpectHeld(this Task<DmaOutcomes> sent) => Then(sent, static outcomes => outcomes.ExpectHeld());

    /// <summary>Expects <see cref="DmaOutcomes.ExpectLost"/>.</summary>
    public static Task<DmaOutcomes> ExpectLost(this Task<DmaOutcomes> sent) => Then(sent, static outcomes => outcomes.ExpectLost());

    /// <summary>Expects <see cref="DmaOutcomes.ExpectFault(int)"/>.</summary>
    public static Task<DmaOutcomes> ExpectFault(this Task<DmaOutcomes> sent, int code) => Then(sent, outcomes => outcomes.ExpectFault(code));

    /// <summary>Expects <see cref="DmaOutcomes.ExpectFault(FaultReason)"/>.</summary>
    public static Task<DmaOutcomes> ExpectFault(this Task<DmaOutcomes> sent, FaultReason reason) => Then(sent, outcomes => outcomes.ExpectFault(reason));

    /// <summary>Expects <see cref="DmaOutcomes.ExpectNoFault"/>.</summary>
    public static Task<DmaOutcomes> ExpectNoFault(this Task<DmaOutcomes> sent) => Then(sent, static outcomes => outcomes.ExpectNoFault());

    private static async Task<DmaOutcomes> Then(Task<DmaOutcomes> sent, Func<DmaOutcomes, DmaOutcomes> expect) => expect(await sent);
}
