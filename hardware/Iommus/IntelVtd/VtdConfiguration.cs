using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Says how a request is to be translated: from the context cache and the PASID cache, else from the tables. The last answer is remembered
/// until a cache changes.</summary>
public sealed class VtdConfiguration
{
    private readonly VtdTableReader _tables;
    private readonly VtdCaches _caches;
    private readonly bool _remembers;
    private readonly bool _cachingMode;
    private VtdTranslation _remembered;
    private ulong _rememberedKey = ulong.MaxValue;
    private ulong _rememberedGeneration;

    /// <summary>Makes it.</summary>
    public VtdConfiguration(VtdTableReader tables, VtdCaches caches, IntelVtdOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _tables = tables;
        _caches = caches;
        _remembers = options.ConfigurationCacheCapacity > 0;
        _cachingMode = options.Capability.CachingMode;
    }

    /// <summary>The root table in force.</summary>
    public VtdRootTableAddress Root { get; private set; }

    /// <summary>Puts a root table in force.</summary>
    public void SetRoot(VtdRootTableAddress root)
    {
        Root = root;
        _rememberedKey = ulong.MaxValue;
    }

    /// <summary>A requester in one word: source id, and PASID for requests that carry one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SourceTag(in DmaRequest request)
    {
        var tag = (ulong)(ushort)request.Stream.Value;
        return request.HasPasid ? tag | (1UL << 16) | ((ulong)request.Pasid << 17) : tag;
    }

    /// <summary>How a request is translated. Valid until the next call.</summary>
    public ref readonly VtdTranslation Resolve(in DmaRequest request)
    {
        var key = SourceTag(request);
        if (key == _rememberedKey && _rememberedGeneration == _caches.Generation && _remembers)
            return ref _remembered;
        _remembered = Look(request);
        _rememberedKey = _remembered.Kind == VtdTranslationKind.Refused ? ulong.MaxValue : key;
        _rememberedGeneration = _caches.Generation;
        return ref _remembered;
    }

    private VtdTranslation Look(in DmaRequest request)
    {
        var source = (ushort)request.Stream.Value;
        ref var cached = ref _caches.FindContext(source);
        var context = Unsafe.IsNullRef(ref cached) ? ReadContext(source) : cached;
        if (!context.HasDirectory)
        {
            return request.HasPasid && !context.Translation.Scalable && context.Translation.Kind != VtdTranslationKind.Refused
                ? VtdTranslation.Refuse(VtdFaultCode.PasidInLegacyMode, context.Translation.FaultsDisabled)
                : context.Translation;
        }

        var pasid = request.HasPasid ? request.Pasid : context.Entry.RidPasid;
        ref var known = ref _caches.FindPasid(source, pasid);
        if (!Unsafe.IsNullRef(ref known))
            return known;
        var translation = _tables.ReadPasid(context.Entry, request.HasPasid ? request.Pasid : null);
        if (translation.Kind != VtdTranslationKind.Refused || _cachingMode)
            _caches.Keep(source, pasid, translation);
        return translation;
    }

    // What is not present is kept only in caching mode, under domain 0.
    private VtdContextRecord ReadContext(ushort source)
    {
        var context = _tables.ReadContext(Root, source);
        if (context.HasDirectory || context.Translation.Kind != VtdTranslationKind.Refused || _cachingMode)
            _caches.Keep(source, context);
        return context;
    }
}
