using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>What each command does. Operands that a command's form does not use are ignored.</summary>
internal sealed class CommandExecutor(
    PhysicalMemory memory,
    ArmSmmuV3Options options,
    Iotlb iotlb,
    StreamConfigurations configurations,
    GlobalErrorRegisters errors,
    Register control2,
    Action<Command> resume)
{
    /// <summary>Executes a command.</summary>
    /// <returns>False when it is illegal here (CERROR_ILL).</returns>
    public bool Execute(Command command)
    {
        switch (command.Opcode)
        {
            case CommandOpcode.PrefetchConfig or CommandOpcode.PrefetchAddress:
                return true;
            case CommandOpcode.InvalidateSte:
                configurations.InvalidateStream(command.StreamId);
                return true;
            case CommandOpcode.InvalidateSteRange:
                InvalidateRange(command);
                return true;
            case CommandOpcode.InvalidateCd when options.Stage1:
                configurations.InvalidateDescriptor(command.StreamId, command.SubstreamId);
                return true;
            case CommandOpcode.InvalidateCdAll when options.Stage1:
                configurations.InvalidateDescriptors(command.StreamId);
                return true;
            case >= CommandOpcode.TlbiNhAll and <= CommandOpcode.TlbiNsnhAll:
                return Tlbi(command);
            case CommandOpcode.AtcInvalidate:
                return options.Ats;
            case CommandOpcode.PriResponse:
                return options.Pri && command.PriResponse <= PriResponse.Success;
            case CommandOpcode.Resume when options.StallModel != StallModel.TerminateOnly && command.Response <= ResumeResponse.Abort:
            case CommandOpcode.StallTerminate when options.StallModel != StallModel.TerminateOnly:
                resume(command);
                return true;
            case CommandOpcode.Sync:
                return Sync(command);
            default:
                return false;
        }
    }

    private void InvalidateRange(Command command)
    {
        if (command.Range == Command.RangeAll)
        {
            configurations.InvalidateAll();
            return;
        }

        var offset = (uint)((2UL << command.Range) - 1);
        configurations.InvalidateStreams(command.StreamId & ~offset, command.StreamId | offset);
    }

    private bool Sync(Command command)
    {
        if (command.Signal > SyncSignal.Event)
            return false;
        if (command.Signal == SyncSignal.Interrupt && options.Msi && command.MsiAddress != 0 && !memory.Write32(command.MsiAddress, command.MsiData))
            errors.Raise(GlobalErrors.CommandMsiAbort);
        return true;
    }

    private bool Tlbi(Command command)
    {
        const ulong Identity = IotlbTag.AsidMask | IotlbTag.VmidMask | IotlbTag.WorldMask | IotlbTag.Stage2Only;
        const ulong Regime = IotlbTag.VmidMask | IotlbTag.WorldMask | IotlbTag.Stage2Only;
        var vmid = !options.Stage2 ? (ushort)0 : options.WideVmids ? command.Vmid : (byte)command.Vmid;
        var asid = options.WideAsids ? command.Asid : (byte)command.Asid;
        var el1 = IotlbTag.Of(StreamWorld.NonSecureEl1, vmid, asid);
        var el2 = IotlbTag.Of(StreamWorld.El2, 0, ((Control2)control2.Value & Control2.E2H) != 0 ? asid : (ushort)0);
        switch (command.Opcode)
        {
            case CommandOpcode.TlbiNhAll when options.Stage1:
                ByTag(Regime, el1 & Regime);
                return true;
            case CommandOpcode.TlbiNhAsid when options.Stage1:
                ByTag(Identity | IotlbTag.Global, el1);
                return true;
            case CommandOpcode.TlbiNhVa when options.Stage1:
                ByAddress(command, Identity, el1);
                return true;
            case CommandOpcode.TlbiNhVaa when options.Stage1:
                ByAddress(command, Regime, el1);
                return true;
            case CommandOpcode.TlbiEl2All when options.Hyp:
                ByTag(IotlbTag.WorldMask, el2 & IotlbTag.WorldMask);
                return true;
            case CommandOpcode.TlbiEl2Asid when options.Hyp:
                ByTag(Identity | IotlbTag.Global, el2);
                return true;
            case CommandOpcode.TlbiEl2Va when options.Hyp:
                ByAddress(command, Identity, el2);
                return true;
            case CommandOpcode.TlbiEl2Vaa when options.Hyp:
                ByAddress(command, Regime, el2);
                return true;
            case CommandOpcode.TlbiS12VmAll when options.Stage2:
                ByTag(IotlbTag.VmidMask | IotlbTag.WorldMask, el1 & IotlbTag.VmidMask);
                return true;
            case CommandOpcode.TlbiS2Ipa when options.Stage2:
                ByAddress(command, Regime, (el1 & IotlbTag.VmidMask) | IotlbTag.Stage2Only);
                return true;
            case CommandOpcode.TlbiNsnhAll:
                ByTag(IotlbTag.WorldMask, 0);
                return true;
            default:
                return false;
        }
    }

    private void ByTag(ulong mask, ulong value) => iotlb.Invalidate(new TlbiByTag(mask, value));

    private void ByAddress(Command command, ulong mask, ulong value)
    {
        // The command's address is that of the entry; with TBI the entry's top byte is a copy of bit 55.
        var first = (value & IotlbTag.Stage2Only) != 0 ? command.Address.InPlace(51, 12) : (ulong)((long)(command.Address << 8) >> 8);
        var last = first;
        var (granule, level) = (0, 0);
        if (options.RangeInvalidation && command.Granule != 0)
        {
            (granule, level) = (command.Granule, command.Ttl);
            var pageShift = 10 + (2 * granule);
            last = first + ((ulong)(command.Num + 1) << command.Scale << pageShift) - 1;
        }

        iotlb.Invalidate(new TlbiByAddress(mask, value, first, last, granule, level));
    }
}
