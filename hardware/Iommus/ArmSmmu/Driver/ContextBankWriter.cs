using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables.ArmLpae;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Iommus.ArmSmmu.Driver;

/// <summary>Writes a context bank for its domain, or turns it off (arm_smmu_init_context_bank, :451; arm_smmu_write_context_bank, :512).</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.c; 6.12 writes the same.</remarks>
internal static class ContextBankWriter
{
    private const int WriteBack = 15;
    private const int NonShareable = 3;
    private const ContextBankControl On = ContextBankControl.FaultInterrupt | ContextBankControl.FaultReport | ContextBankControl.AccessFlag
        | ContextBankControl.AttributeRemap | ContextBankControl.Translate;

    public static IEnumerable<DriverStep> Write(DriverState state, int index)
    {
        var layout = state.Features.Layout;
        var bank = layout.Bank(index);
        if (state.Banks[index] is not { Lpae: { } table } domain)
        {
            yield return DriverStep.Write(bank + R.BankControl, 0);
            yield break;
        }

        var page1 = layout.Page1 + (4 * (ulong)index);
        var stage1 = domain.Stage == ArmSmmuStage.Stage1;
        var second = state.Features.Version == 2;
        var wide = state.Features.WideVmids;
        if (second)
            yield return DriverStep.Write(page1 + R.BankAttributes2, (domain.Is64Bit ? 1u : 0) | (wide ? (uint)domain.Identifier << 16 : 0));
        var attributes = stage1
            ? new ContextBankAttributes { Type = ContextBankType.Stage1, Shareability = NonShareable, MemoryAttributes = WriteBack }
            : new ContextBankAttributes { Type = ContextBankType.Stage2, Vmid = wide ? (byte)0 : (byte)domain.Identifier };
        yield return DriverStep.Write(page1 + R.BankAttributes, (second ? attributes : attributes with { Interrupt = domain.Interrupt }).Raw);
        if (stage1 && second)
            yield return DriverStep.Write(bank + R.TranslationControl2, TranslationControl2(table.Layout.Controls, domain.Is64Bit));
        yield return DriverStep.Write(bank + R.TranslationControl, stage1 ? TranslationControl(table.Layout.Controls, domain.Is64Bit) : Stage2Control(table.Layout.Controls));
        var asid = stage1 ? (ulong)domain.Identifier << 48 : 0;
        yield return DriverStep.Write(bank + R.TableBase0, asid | table.Root, 8);
        if (stage1)
        {
            yield return DriverStep.Write(bank + R.TableBase1, asid, 8);
            yield return DriverStep.Write(bank + R.MemoryAttributes0, (uint)ArmLpaeLayout.MemoryAttributes);
            yield return DriverStep.Write(bank + R.MemoryAttributes1, (uint)(ArmLpaeLayout.MemoryAttributes >> 32));
        }

        yield return DriverStep.Write(bank + R.BankControl, (uint)(stage1 ? On | ContextBankControl.AsidPrivateNamespace : On));
    }

    // Bits of the walk that TCR and VTCR have alike: TG0 15:14, SH0 13:12, ORGN0 11:10, IRGN0 9:8, T0SZ 5:0.
    private static uint Walk(in ArmLpaeControls controls) =>
        (uint)controls.Granule << 14 | (uint)controls.Shareability << 12 | (uint)controls.OuterCacheability << 10 | (uint)controls.InnerCacheability << 8 | controls.InputSize;

    // EPD1 23; EAE 31 for AArch32.
    private static uint TranslationControl(in ArmLpaeControls controls, bool is64Bit) => Walk(controls) | 1u << 23 | (is64Bit ? 0 : 1u << 31);

    // PASIZE 3:0, SEP 17:15 the upstream size, AS 4 for AArch64.
    private static uint TranslationControl2(in ArmLpaeControls controls, bool is64Bit) => controls.OutputSize | 7u << 15 | (is64Bit ? 1u << 4 : 0);

    // RES1 31, PS 18:16, SL0 7:6.
    private static uint Stage2Control(in ArmLpaeControls controls) => Walk(controls) | 1u << 31 | (uint)controls.OutputSize << 16 | (uint)controls.StartLevel << 6;
}
