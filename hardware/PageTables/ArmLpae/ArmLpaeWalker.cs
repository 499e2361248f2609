using System.Runtime.CompilerServices;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>The silicon's walk of LPAE tables.</summary>
/// <remarks>
/// Source: Arm ARM, VMSAv8-64 address translation. An SMMU reports <see cref="WalkStatus.NotPresent"/>, <see cref="WalkStatus.Reserved"/> and
/// <see cref="WalkStatus.InputSize"/> alike as a translation fault.
/// </remarks>
public static class ArmLpaeWalker
{
    private const int LastLevel = 3;

    /// <summary>Walks a table.</summary>
    /// <param name="reader">Reads the words; by reference, so that a nested reader can keep its fault.</param>
    /// <param name="regime">The table.</param>
    /// <param name="iova">The input address.</param>
    /// <param name="result">What was found. After <see cref="WalkStatus.ReadAbort"/>, <see cref="WalkResult.EntryAddress"/> is the word that could not be read.</param>
    /// <typeparam name="TStage">The flavour: <see cref="ArmLpaeStage1"/>, <see cref="ArmLpaeStage2"/>, <see cref="ArmLpaeMali"/>.</typeparam>
    /// <typeparam name="TReader">How words are read.</typeparam>
    public static void Walk<TStage, TReader>(ref TReader reader, in ArmLpaeRegime regime, ulong iova, out WalkResult result)
        where TStage : struct, IArmLpaeStage
        where TReader : struct, ITableReader
    {
        result = default;
        var options = regime.Options;
        var bitsPerLevel = regime.GranuleShift - 3;
        int level = regime.StartLevel;
        var shift = regime.GranuleShift + ((LastLevel - level) * bitsPerLevel);
        result.Level = (sbyte)level;
        var input = iova;
        if ((options & ArmLpaeWalkOptions.TopByteIgnored) != 0)
            input = (ulong)((long)(input << 8) >> 8);
        if (regime.InputBits < 64)
        {
            var above = (options & ArmLpaeWalkOptions.UpperHalf) != 0 ? ~input : input;
            if (above >> regime.InputBits != 0)
            {
                result.Status = WalkStatus.InputSize;
                return;
            }

            input &= (1UL << regime.InputBits) - 1;
        }

        var table = regime.Root;
        var outputBits = regime.OutputBits;
        if (table >> outputBits != 0)
        {
            result.Status = WalkStatus.OutputSize;
            return;
        }

        // The first table may be larger (concatenated) or smaller than the others: its index is all that is left of the address.
        var (address, word, tables, output) = (table + (input >> shift << 3), 0UL, 0UL, 0UL);
        var wide = regime.GranuleShift == 16;
        var indexMask = (1UL << bitsPerLevel) - 1;
        WalkStatus status;
        while (true)
        {
            if (!reader.TryRead(address, out var read))
            {
                status = WalkStatus.ReadAbort;
                break;
            }

            word = read;
            if ((word & 1) == 0)
            {
                status = WalkStatus.NotPresent;
                break;
            }

            var entry = new ArmLpaeEntry(word);
            output = wide ? entry.WideAddress : entry.Address;
            if (level == LastLevel || (word & 2) == 0)
            {
                var wrongType = level == LastLevel ? (word & 2) == 0 != TStage.HasBlocksAtLastLevel : level < regime.FirstBlockLevel;
                output &= ulong.MaxValue << shift;
                status = wrongType ? WalkStatus.Reserved : output >> outputBits != 0 ? WalkStatus.OutputSize : WalkStatus.Ok;
                break;
            }

            if (output >> outputBits != 0)
            {
                status = WalkStatus.OutputSize;
                break;
            }

            tables |= word;
            level++;
            shift -= bitsPerLevel;
            address = output + (((input >> shift) & indexMask) << 3);
        }

        result.Level = (sbyte)level;
        result.Reads = (byte)(level - regime.StartLevel + 1);
        result.Entry = word;
        result.EntryAddress = address;
        result.Status = status;
        if (status != WalkStatus.Ok)
            return;
        result.PageShift = (byte)shift;
        result.Output = output;
        if (TStage.HasAccessFlag && (word & ArmLpaeEntry.Accessed) == 0 && (options & ArmLpaeWalkOptions.AccessFlagIgnored) == 0)
            result.Status = WalkStatus.AccessFlag;
        else
            result.Permissions = TStage.HasStage1Permissions ? Stage1Permissions(word, tables, options) : Stage2Permissions(word, options);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static PagePermissions Stage1Permissions(ulong leaf, ulong tables, ArmLpaeWalkOptions options)
    {
        if ((options & ArmLpaeWalkOptions.TablePermissionsIgnored) != 0)
            tables = 0;
        var permissions = PagePermissions.Read;
        var clean = (leaf & ArmLpaeEntry.ReadOnly) != 0;
        if (clean && (leaf & ArmLpaeEntry.DirtyModifier) != 0 && (options & ArmLpaeWalkOptions.HardwareDirty) != 0)
            clean = false;
        if (!clean && (tables & ArmLpaeEntry.TableReadOnly) == 0)
            permissions |= PagePermissions.Write;
        var privileged = (leaf & ArmLpaeEntry.Unprivileged) == 0 || (tables & ArmLpaeEntry.TablePrivileged) != 0;
        if (privileged)
            permissions |= PagePermissions.PrivilegedOnly;
        var noExecute = privileged ? ArmLpaeEntry.PrivilegedNoExecute : ArmLpaeEntry.NoExecute;
        if ((leaf & noExecute) == 0 && (tables & ArmLpaeEntry.TableNoExecute) == 0)
            permissions |= PagePermissions.Execute;
        return permissions;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static PagePermissions Stage2Permissions(ulong leaf, ArmLpaeWalkOptions options)
    {
        var permissions = (PagePermissions)((leaf >> 6) & 3);
        if ((leaf & ArmLpaeEntry.DirtyModifier) != 0 && (options & ArmLpaeWalkOptions.HardwareDirty) != 0)
            permissions |= PagePermissions.Write;
        if ((leaf & ArmLpaeEntry.NoExecute) == 0)
            permissions |= PagePermissions.Execute;
        return permissions;
    }
}
