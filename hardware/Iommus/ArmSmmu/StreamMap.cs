using System.Runtime.CompilerServices;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>The SMRs and S2CRs: finds out where a stream goes. What was found out is remembered until one of the registers changes.</summary>
internal sealed class StreamMap
{
    private const int RoutesRemembered = 4096;

    private readonly ArmSmmuOptions _options;
    private readonly Register[] _matches;
    private readonly Register[] _contexts;
    private readonly uint[] _effective;
    private readonly ConfigurationCache<StreamRoute> _routes = new(RoutesRemembered);
    private GlobalControl _control;

    public StreamMap(RegisterFile file, ArmSmmuOptions options)
    {
        _options = options;
        var entries = options.StreamEntries;
        _effective = new uint[entries];
        _matches = !options.StreamMatching ? [] : file.AddArray(
            ArmSmmuRegisters.StreamMatch, entries, 4, 4, "SMR", fields: "VALID 31, MASK 30:16 (31:16 with EXIDENABLE), ID 15:0", onWrite: OnMatch);
        _contexts = file.AddArray(
            ArmSmmuRegisters.StreamToContext, entries, 4, 4, "S2CR", fields: "PRIVCFG 25:24, TYPE 17:16, EXIDVALID 10, CBNDX 7:0", onWrite: OnContext);
    }

    private bool Extended => (_control & GlobalControl.ExtendedIds) != 0 && _options.ExtendedIds;

    public void Control(GlobalControl control)
    {
        _control = control;
        _routes.InvalidateAll();
    }

    public StreamRoute Find(uint stream)
    {
        ref var known = ref _routes.Find(stream);
        if (!Unsafe.IsNullRef(ref known))
            return known;
        var route = Resolve(stream);
        _routes.Insert(stream, route);
        return route;
    }

    private StreamRoute Resolve(uint stream)
    {
        var entry = -1;
        if (!_options.StreamMatching)
        {
            entry = stream < (uint)_contexts.Length ? (int)stream : -1;
        }
        else if (stream >> (Extended ? 16 : _options.StreamIdBits) == 0)
        {
            for (var i = 0; i < _matches.Length; i++)
            {
                if (!Matches(i, stream))
                    continue;
                if (entry >= 0)
                    return new StreamRoute(ArmSmmuFault.StreamMatchConflict, -1, StreamPrivilege.Default);
                entry = i;
            }
        }

        if (entry < 0)
            return new StreamRoute((_control & GlobalControl.UnidentifiedStreamFault) != 0 ? ArmSmmuFault.UnidentifiedStream : ArmSmmuFault.None, -1, StreamPrivilege.Default);
        var context = new StreamToContextEntry((uint)_contexts[entry].Value);
        return context.Type switch
        {
            StreamType.Bypass => new StreamRoute(ArmSmmuFault.None, -1, context.Privilege),
            StreamType.Translate when context.Bank < _options.Layout.Banks => new StreamRoute(ArmSmmuFault.None, (short)context.Bank, context.Privilege),
            StreamType.Translate => new StreamRoute(ArmSmmuFault.UnimplementedBank, -1, context.Privilege),
            _ => new StreamRoute(ArmSmmuFault.InvalidContext, -1, context.Privilege),
        };
    }

    private bool Matches(int index, uint stream)
    {
        var match = new StreamMatchEntry((uint)_matches[index].Value);
        var valid = Extended ? new StreamToContextEntry((uint)_contexts[index].Value).ExtendedIdValid : match.Valid;
        var mask = Extended ? match.ExtendedMask : match.Mask;
        return valid && ((stream ^ match.Id) & ~(uint)mask & 0xffff) == 0;
    }

    // Bits of ID and mask that the SMMU does not have read as zero.
    private void OnMatch(int index, ulong value)
    {
        var bits = (1u << (Extended ? 16 : _options.StreamIdBits)) - 1;
        var implemented = bits | bits << 16 | (Extended ? 0 : 1u << 31);
        _matches[index].Value = value & implemented;
        _routes.InvalidateAll();
    }

    private void OnContext(int index, ulong value)
    {
        var written = new StreamToContextEntry((uint)value);
        if (_options.FirmwareRewritesStreams)
        {
            written = written.Type switch
            {
                StreamType.Fault => new StreamToContextEntry(_effective[index]),
                StreamType.Bypass => written with { Type = StreamType.Fault },
                _ => written,
            };
        }

        _effective[index] = written.Raw;
        _contexts[index].Value = written.Raw;
        _routes.InvalidateAll();
    }
}
