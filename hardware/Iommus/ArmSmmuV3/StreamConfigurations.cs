using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>
/// Finds the configuration of a stream: stream table, CD table, and the caches of both. An STE or CD without fault stays cached until a CFGI command
/// drops it, abort and bypass entries included.
/// </summary>
internal sealed class StreamConfigurations
{
    /// <summary>The key of no request.</summary>
    public const ulong NoKey = ulong.MaxValue;

    private readonly PhysicalMemory _memory;
    private readonly ArmSmmuV3Options _options;
    private readonly ContextDecoder _decoder;
    private readonly Register _tableBase;
    private readonly Register _tableShape;
    private readonly ConfigurationCache<StreamTableEntry> _entries;
    private readonly ConfigurationCache<ContextDescriptor> _descriptors;
    private readonly ConfigurationCache<StreamContext> _contexts;
    private StreamContext _last;
    private ulong _lastKey = NoKey;
    private uint _decoded;

    /// <param name="memory">The memory.</param>
    /// <param name="file">Where the registers are declared.</param>
    /// <param name="options">What is implemented.</param>
    /// <param name="control2">CR2.</param>
    /// <param name="locked">Whether the registers may not be changed (SMMUEN).</param>
    public StreamConfigurations(PhysicalMemory memory, RegisterFile file, ArmSmmuV3Options options, Register control2, Func<bool> locked)
    {
        _memory = memory;
        _options = options;
        _decoder = new ContextDecoder(options, control2);
        _tableBase = file.Add(ArmSmmuV3Registers.StrtabBase, 8, "STRTAB_BASE", fields: "ADDR 51:6, RA 62", writable: () => !locked());
        _tableShape = file.Add(ArmSmmuV3Registers.StrtabBaseCfg, 4, "STRTAB_BASE_CFG", fields: "LOG2SIZE 5:0, SPLIT 10:6, FMT 17:16", writable: () => !locked());
        _entries = new ConfigurationCache<StreamTableEntry>(options.ConfigurationEntries);
        _descriptors = new ConfigurationCache<ContextDescriptor>(options.ConfigurationEntries);
        _contexts = new ConfigurationCache<StreamContext>(options.ConfigurationEntries);
    }

    /// <summary>What <see cref="Find"/> found last: the configuration of <see cref="LastKey"/>.</summary>
    public ref readonly StreamContext Last => ref _last;

    /// <summary>Whose configuration it is, as long as it holds; else <see cref="NoKey"/>.</summary>
    public ulong LastKey => _decoded == Generation ? _lastKey : NoKey;

    /// <summary>What identifies a request's configuration: StreamID 31:0, SubstreamID 51:32, whether there is one 52.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong KeyOf(in DmaRequest request) =>
        request.HasPasid ? request.Stream.Value | ((ulong)(request.Pasid & 0xfffff) << 32) | 1UL << 52 : request.Stream.Value;

    /// <summary>Finds the configuration.</summary>
    /// <param name="key">See <see cref="KeyOf"/>.</param>
    /// <param name="fault">Why there is none, or <see cref="EventCode.None"/>. The result then holds what is known of fault policies.</param>
    /// <returns>The configuration, valid until the next call.</returns>
    public ref readonly StreamContext Find(ulong key, out TranslationFault fault)
    {
        fault = default;
        if (key == LastKey)
            return ref _last;
        _lastKey = NoKey;
        // What was decoded holds only as long as no entry came or went.
        if (_decoded == Generation)
        {
            ref var cached = ref _contexts.Find(key);
            if (!Unsafe.IsNullRef(ref cached))
            {
                (_last, _lastKey) = (cached, key);
                return ref _last;
            }
        }

        _last = default;
        var built = Build((uint)key, (uint)(key >> 32) & 0xfffff, (key & 1UL << 52) != 0, ref _last, out fault);
        if (_decoded != Generation)
        {
            _contexts.InvalidateAll();
            _decoded = Generation;
        }

        if (built && _options.ConfigurationEntries > 0)
        {
            _contexts.Insert(key, _last);
            _lastKey = key;
        }

        return ref _last;
    }

    /// <summary>CFGI_STE: drops the STE and the CDs found through it.</summary>
    public void InvalidateStream(uint stream) => InvalidateStreams(stream, stream);

    /// <summary>CFGI_STE_RANGE.</summary>
    public void InvalidateStreams(uint first, uint last)
    {
        _entries.Invalidate((key, _) => key >= first && key <= last);
        _descriptors.Invalidate((key, _) => key >> 20 >= first && key >> 20 <= last);
    }

    /// <summary>CFGI_CD.</summary>
    public void InvalidateDescriptor(uint stream, uint substream) => _descriptors.Invalidate(DescriptorKey(stream, substream));

    /// <summary>CFGI_CD_ALL.</summary>
    public void InvalidateDescriptors(uint stream) => _descriptors.Invalidate((key, _) => key >> 20 == stream);

    /// <summary>CFGI_ALL.</summary>
    public void InvalidateAll()
    {
        _entries.InvalidateAll();
        _descriptors.InvalidateAll();
    }

    private uint Generation => _entries.Generation + _descriptors.Generation;

    private static ulong DescriptorKey(uint stream, uint substream) => ((ulong)stream << 20) | substream;

    private bool Build(uint stream, uint substream, bool hasSubstream, ref StreamContext context, out TranslationFault fault)
    {
        ref var cachedEntry = ref _entries.Find(stream);
        StreamTableEntry entry;
        if (!Unsafe.IsNullRef(ref cachedEntry))
        {
            entry = cachedEntry;
            fault = default;
        }
        else
        {
            if (!TryFetchEntry(stream, out entry, out fault))
                return false;
            if (!_decoder.IsValid(entry))
            {
                fault = new TranslationFault(EventCode.BadSte);
                return false;
            }

            _entries.Insert(stream, entry);
        }

        _decoder.Decode(entry, ref context);
        if (context.Action == StreamAction.Abort)
            return true;
        if (((int)entry.Configuration & 1) == 0)
        {
            if (hasSubstream)
                fault = new TranslationFault(EventCode.BadSubstreamId);
            return !hasSubstream;
        }

        if (entry.Log2Contexts == 0)
        {
            if (hasSubstream)
            {
                fault = new TranslationFault(EventCode.BadSubstreamId);
                return false;
            }
        }
        else if (!hasSubstream)
        {
            switch (entry.DefaultSubstream)
            {
                case DefaultSubstream.Terminate:
                    fault = new TranslationFault(EventCode.StreamDisabled);
                    return false;
                case DefaultSubstream.Bypass:
                    context.Stage1 = false;
                    context.Tag = (context.Tag & ~IotlbTag.AsidMask) | IotlbTag.Stage2Only;
                    context.Action = context.Stage2 ? StreamAction.Translate : StreamAction.Bypass;
                    return true;
            }
        }
        else if (substream >> entry.Log2Contexts != 0)
        {
            fault = new TranslationFault(EventCode.BadSubstreamId);
            return false;
        }
        else if (substream == 0 && entry.DefaultSubstream == DefaultSubstream.Substream0)
        {
            fault = new TranslationFault(EventCode.StreamDisabled);
            return false;
        }

        var key = DescriptorKey(stream, substream);
        ref var cachedDescriptor = ref _descriptors.Find(key);
        ContextDescriptor descriptor;
        if (!Unsafe.IsNullRef(ref cachedDescriptor))
        {
            descriptor = cachedDescriptor;
        }
        else
        {
            if (!TryFetchDescriptor(entry, substream, context, out descriptor, out fault))
                return false;
            if (!_decoder.IsValid(descriptor))
            {
                fault = new TranslationFault(EventCode.BadCd);
                return false;
            }

            _descriptors.Insert(key, descriptor);
        }

        _decoder.Decode(entry, descriptor, ref context);
        return true;
    }

    private bool TryFetchEntry(uint stream, out StreamTableEntry entry, out TranslationFault fault)
    {
        entry = default;
        fault = new TranslationFault(EventCode.BadStreamId);
        var shape = new StreamTableShape(_tableShape.Value);
        var bits = Math.Min(shape.Log2Size, _options.StreamIdBits);
        if ((ulong)stream >> bits != 0)
            return false;
        var table = _tableBase.Value.InPlace(51, 6);
        ulong address;
        if (shape.TwoLevel && _options.TwoLevelStreamTables)
        {
            var split = shape.Split is 6 or 8 or 10 ? shape.Split : 6;
            address = Align(table, Math.Max(bits - split, 0) + 3) + ((ulong)(stream >> split) * StreamTableLevel1Descriptor.Size);
            if (!_memory.TryRead64(address, out var word))
            {
                fault = new TranslationFault(EventCode.SteFetch, Address: address);
                return false;
            }

            var level1 = new StreamTableLevel1Descriptor(word);
            var index = stream & ((1u << split) - 1);
            if (level1.Span == 0 || level1.Span > split + 1 || index >> (level1.Span - 1) != 0)
                return false;
            address = Align(level1.Level2Table, level1.Span - 1 + 6) + ((ulong)index * StreamTableEntry.Size);
        }
        else
        {
            address = Align(table, bits + 6) + ((ulong)stream * StreamTableEntry.Size);
        }

        var complete = _memory.TryRead64(address, out var word0);
        complete &= _memory.TryRead64(address + 8, out var word1);
        complete &= _memory.TryRead64(address + 16, out var word2);
        complete &= _memory.TryRead64(address + 24, out var word3);
        entry = new StreamTableEntry(word0, word1, word2, word3);
        fault = complete ? default : new TranslationFault(EventCode.SteFetch, Address: address);
        return complete;
    }

    private bool TryFetchDescriptor(
        in StreamTableEntry entry, uint substream, in StreamContext context, out ContextDescriptor descriptor, out TranslationFault fault)
    {
        descriptor = default;
        if (!context.Stage2)
        {
            var direct = new MemoryTableReader(_memory);
            return TryFetchDescriptor(ref direct, entry, substream, out descriptor, out fault);
        }

        var nested = new NestedTableReader(_memory, context.Second, protectedWalk: false, EventClass.ContextDescriptor);
        var fetched = TryFetchDescriptor(ref nested, entry, substream, out descriptor, out fault);
        if (nested.Fault.Code != EventCode.None)
            fault = nested.Fault;
        return fetched;
    }

    private static bool TryFetchDescriptor<TReader>(
        ref TReader reader, in StreamTableEntry entry, uint substream, out ContextDescriptor descriptor, out TranslationFault fault)
        where TReader : struct, ITableReader
    {
        descriptor = default;
        var address = entry.ContextTable;
        if (entry.Log2Contexts == 0 || entry.ContextTableFormat == StreamTableEntry.LinearContextTable)
        {
            address = Align(address, entry.Log2Contexts + 6) + ((ulong)substream * ContextDescriptor.Size);
        }
        else
        {
            var leafBits = entry.ContextTableFormat == StreamTableEntry.TwoLevelContextTable64K ? 10 : 6;
            address += (ulong)(substream >> leafBits) * ContextTableLevel1Descriptor.Size;
            if (!reader.TryRead(address, out var word))
            {
                fault = new TranslationFault(EventCode.CdFetch, Address: address);
                return false;
            }

            var level1 = new ContextTableLevel1Descriptor(word);
            if (!level1.Valid)
            {
                fault = new TranslationFault(EventCode.BadSubstreamId);
                return false;
            }

            address = Align(level1.LeafTable, leafBits + 6) + ((ulong)(substream & ((1u << leafBits) - 1)) * ContextDescriptor.Size);
        }

        var complete = reader.TryRead(address, out var word0);
        complete &= reader.TryRead(address + 8, out var word1);
        complete &= reader.TryRead(address + 16, out var word2);
        complete &= reader.TryRead(address + 24, out var word3);
        descriptor = new ContextDescriptor(word0, word1, word2, word3);
        fault = complete ? default : new TranslationFault(EventCode.CdFetch, Address: address);
        return complete;
    }

    // Bits of a table address below the table's size are taken as zero.
    private static ulong Align(ulong address, int log2Bytes) => address & ~((1UL << log2Bytes) - 1);
}
