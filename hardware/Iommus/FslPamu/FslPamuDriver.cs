using System.Buffers.Binary;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.FslPamu;

/// <summary>Linux's PAMU driver, of 6.1 and of 6.12.</summary>
/// <remarks>Source: drivers/iommu/fsl_pamu.c and fsl_pamu_domain.c; line numbers are of 6.1.192. Entries are read and written in memory; each barrier of the kernel's is a step.</remarks>
public sealed class FslPamuDriver : IIommuDriver
{
    private const ulong TablesBytes = 0x8_0000;
    private const ulong SecondaryOffset = 0x2_0000;
    private const ulong SecondaryBytes = 0x2_0000;
    private const ulong OperationsOffset = 0x4_0000;
    private const ulong OperationsBytes = 0x800;
    private const uint QmanOperations = 0;
    private const uint PrivateOperations = 2;

    // The operation mapping table that Linux fills in (:389): entry, word, value.
    private static readonly (ulong Offset, uint Word)[] OperationMappings =
        [(0x000, 0x8081_969d), (0x004, 0x9000_0092), (0x080, 0x9881_0000), (0x100, 0x8081_969b), (0x180, 0x9881_0000)];

    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly IReadOnlyList<FslPamuNode> _nodes;
    private readonly FslPamuDriverOptions _options;
    private readonly int _units;
    private readonly Dictionary<DmaDevice, FslPamuDomain> _attached = [];
    private ulong _tables;

    /// <summary>Makes the driver.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="memory">The memory that entries are in.</param>
    /// <param name="frames">Where the tables come from.</param>
    /// <param name="nodes">The nodes with LIODNs, in firmware's order.</param>
    /// <param name="units">PAMUs of the chip.</param>
    /// <param name="options">What varies.</param>
    public FslPamuDriver(KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames, IReadOnlyList<FslPamuNode> nodes, int units = 1, FslPamuDriverOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(nodes);
        (Kernel, _memory, _frames, _nodes, _units, _options) = (kernel, memory, frames, nodes, units, options ?? new FslPamuDriverOptions());
    }

    /// <inheritdoc/>
    public KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public bool HasNativeBlocking => false;

    /// <inheritdoc/>
    /// <remarks>fsl_pamu_probe: tables, the PAMUs' registers, operation mappings, then the bypass is taken off, and every LIODN gets its entry (:457). Until it has, its DMA is refused.</remarks>
    public IEnumerable<DriverStep> Probe()
    {
        yield return DriverStep.Read(FslPamuRegisters.Capabilities3);
        _tables = _frames.Allocate(TablesBytes);
        const ulong Bypass = FslPamuRegisters.GlobalUtilities + FslPamuRegisters.BypassEnable;
        var bypass = DriverStep.Read(Bypass);
        yield return bypass;
        ulong[] bounds =
        [
            _tables, _tables + (FslPaace.Count * FslPaace.Bytes), _tables + SecondaryOffset, _tables + SecondaryOffset + SecondaryBytes,
            _tables + OperationsOffset, _tables + OperationsOffset + OperationsBytes,
        ];
        for (var unit = 0; unit < _units; unit++)
        {
            for (var i = 0; i < bounds.Length; i++)
            {
                yield return DriverStep.Write(FslPamuRegisters.TableBases + (8 * (ulong)i), bounds[i] >> 32, unit: unit);
                yield return DriverStep.Write(FslPamuRegisters.TableBases + (8 * (ulong)i) + 4, (uint)bounds[i], unit: unit);
            }

            yield return DriverStep.Write(FslPamuRegisters.InterruptControl, FslPamuRegisters.ViolationInterruptEnable, unit: unit);
            yield return DriverStep.Write(FslPamuRegisters.Control, FslPamuRegisters.ControlValue, unit: unit);
        }

        foreach (var (offset, word) in OperationMappings)
            yield return Store(_tables + OperationsOffset + offset, word, "OMT");
        yield return DriverStep.Write(Bypass, bypass.Value & ~(ulong)(uint)~(uint.MaxValue >> _units));
        foreach (var step in _nodes.SelectMany(node => node.Liodns.Where(liodn => liodn < FslPaace.Count).SelectMany(liodn => SetUp(liodn, node.Kind))))
            yield return step;
    }

    /// <inheritdoc/>
    /// <remarks>Nothing is programmed. Result: -ENODEV for a device without LIODN in firmware.</remarks>
    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device) => KindOf(device) == null ? [DriverStep.Fail(Errno.ENODEV)] : [];

    /// <inheritdoc/>
    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => [];

    /// <inheritdoc/>
    public IommuDomain AllocateDomain(DomainType type) => type == DomainType.Unmanaged
        ? new FslPamuDomain()
        : throw new DriverException(Errno.EINVAL, $"the PAMU driver of {Kernel} has no domain of type {type}");

    /// <inheritdoc/>
    /// <remarks>LIODNs that are in it are disabled.</remarks>
    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain) => Leave(Own(domain), device: null);

    /// <inheritdoc/>
    public void Finalise(IommuDomain domain, DmaDevice device) => Own(domain);

    /// <inheritdoc/>
    /// <remarks>fsl_pamu_attach_device (fsl_pamu_domain.c:233). A LIODN beyond the table, or none in firmware, ends it with -EINVAL (6.12: -ENODEV); those before it stay attached.</remarks>
    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device)
    {
        var own = Own(domain);
        var kind = KindOf(device);
        foreach (var liodn in LiodnsOf(device))
        {
            if (kind == null || liodn >= FslPaace.Count)
            {
                yield return DriverStep.Fail(Kernel == KernelVersion.Linux61 ? Errno.EINVAL : Errno.ENODEV);
                yield break;
            }

            if (_attached.TryGetValue(device, out var old) && old != own)
            {
                foreach (var step in Leave(old, device))
                    yield return step;
            }

            own.Members.Insert(0, (device, liodn));
            _attached.TryAdd(device, own);
            foreach (var step in Program(liodn, own.StashId, kind))
                yield return step;
        }
    }

    /// <inheritdoc/>
    /// <remarks>6.1 :286: the entries of the device's LIODNs become invalid. 6.12's platform domain, which the core attaches in its place, does the same (6.12 fsl_pamu_domain.c:347).</remarks>
    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device) => Leave(Own(domain), device);

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Block(DmaDevice device) => throw new DriverException(Errno.EOPNOTSUPP, "the PAMU driver has no blocking domain");

    /// <inheritdoc/>
    /// <remarks>The driver cannot map: the core answers -ENODEV.</remarks>
    public IEnumerable<DriverStep> Map(IommuDomain domain, ulong iova, ulong physical, ulong size, Protection protection) => [DriverStep.Fail(Errno.ENODEV)];

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Unmap(IommuDomain domain, ulong iova, ulong size) => [DriverStep.Return(0)];

    /// <inheritdoc/>
    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => [];

    /// <inheritdoc/>
    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => [];

    /// <inheritdoc/>
    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => [];

    /// <summary>Software's lookup (iova_to_phys): the address itself, within the domain's window.</summary>
    public static ulong? Lookup(IommuDomain domain, ulong iova)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return domain.Geometry.Contains(iova) ? iova : null;
    }

    /// <summary>Sets the CPU whose first-level cache the domain's DMA is stashed into (fsl_pamu_configure_l1_stash). Result: -EINVAL for a CPU without a stash id; the domain has none then.</summary>
    public IEnumerable<DriverStep> ConfigureStash(FslPamuDomain domain, int cpu)
    {
        ArgumentNullException.ThrowIfNull(domain);
        domain.StashId = cpu >= 0 && cpu < _options.StashIds.Count ? _options.StashIds[cpu] : FslPamuDomain.NoStash;
        if (domain.StashId == FslPamuDomain.NoStash)
        {
            yield return DriverStep.Fail(Errno.EINVAL);
            yield break;
        }

        foreach (var (_, liodn) in domain.Members)
        {
            yield return Change(liodn, FslPaace.ImplementationAttributes, FslPaace.StashMask, domain.StashId << FslPaace.StashShift);
            yield return DriverStep.Barrier();
        }
    }

    /// <inheritdoc/>
    /// <remarks>pamu_av_isr (fsl_pamu.c:496). Result: 1, it is always the PAMUs'.</remarks>
    /// <exception cref="KernelBugException">The violation is of a LIODN beyond the table (:540).</exception>
    public IEnumerable<DriverStep> HandleInterrupt()
    {
        for (var unit = 0; unit < _units; unit++)
        {
            var status = DriverStep.Read(FslPamuRegisters.InterruptControl, unit: unit);
            yield return status;
            if ((status.Value & FslPamuRegisters.ViolationPending) == 0)
                continue;
            var violation = DriverStep.Read(FslPamuRegisters.ViolationStatus, unit: unit);
            yield return violation;
            foreach (var offset in (ulong[])[0x40, 0x44, 0x54, 0x58, 0x5c, 0x90, 0x48, 0x4c, 0x48, 0x4c])
                yield return DriverStep.Read(offset, unit: unit);
            yield return DriverStep.Write(FslPamuRegisters.ViolationStatus, violation.Value & FslPamuRegisters.ViolationMask, unit: unit);
            var liodn = (uint)(violation.Value >> 16);
            if (liodn >= FslPaace.Count)
                throw new KernelBugException($"LIODN 0x{liodn:x} has no entry (fsl_pamu.c:540)");
            var enables = status.Value;
            if ((Read(liodn, FslPaace.AddressBits) & FslPaace.Valid) == 0)
            {
                enables &= ~(ulong)FslPamuRegisters.ViolationInterruptEnable;
            }
            else
            {
                foreach (var step in Disable(liodn))
                    yield return step;
            }

            yield return DriverStep.Write(FslPamuRegisters.InterruptControl, enables, unit: unit);
        }

        yield return DriverStep.Return(1);
    }

    private static FslPamuDomain Own(IommuDomain domain) => domain as FslPamuDomain ?? throw new ArgumentException("a domain of another driver", nameof(domain));

    private static IEnumerable<uint> LiodnsOf(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.Streams.Select(binding => binding.Stream.Value);
    }

    private static DriverStep Store(ulong address, uint word, string label) => DriverStep.Store(address, BinaryPrimitives.ReverseEndianness(word), label, 4);

    private FslPamuNodeKind? KindOf(DmaDevice device)
    {
        var liodn = LiodnsOf(device).First();
        return _nodes.FirstOrDefault(node => node.Liodns.Contains(liodn))?.Kind;
    }

    private ulong WordOf(uint liodn, ulong word) => _tables + (liodn * FslPaace.Bytes) + word;

    private uint Read(uint liodn, ulong word) => _memory.ReadBigEndian32(WordOf(liodn, word));

    // Sets a field of an entry's word and leaves the others.
    private DriverStep Change(uint liodn, ulong word, uint mask, uint value) => Store(WordOf(liodn, word), (Read(liodn, word) & ~mask) | value, $"PAACE 0x{liodn:x} +0x{word:x}");

    private IEnumerable<DriverStep> Enable(uint liodn)
    {
        yield return DriverStep.Barrier();
        yield return Change(liodn, FslPaace.AddressBits, FslPaace.Valid, FslPaace.Valid);
        yield return DriverStep.Barrier();
    }

    // pamu_disable_liodn (fsl_pamu.c:132).
    private IEnumerable<DriverStep> Disable(uint liodn)
    {
        yield return Change(liodn, FslPaace.AddressBits, FslPaace.Valid, 0);
        yield return DriverStep.Barrier();
    }

    private IEnumerable<DriverStep> Leave(FslPamuDomain domain, DmaDevice? device)
    {
        foreach (var member in domain.Members.Where(member => device == null || member.Device == device).ToList())
        {
            domain.Members.Remove(member);
            foreach (var step in Disable(member.Liodn))
                yield return step;
            _attached.Remove(member.Device);
        }
    }

    // setup_liodns (fsl_pamu.c:457): a window onto everything, no translation, all rights.
    private IEnumerable<DriverStep> SetUp(uint liodn, FslPamuNodeKind kind)
    {
        var isQueue = kind is FslPamuNodeKind.Qman or FslPamuNodeKind.QmanPortal;
        var coherent = kind is FslPamuNodeKind.Device or FslPamuNodeKind.QmanPortal;
        yield return Store(WordOf(liodn, FslPaace.WindowBaseHigh), 0, $"PAACE 0x{liodn:x} +0x0");
        yield return Change(liodn, FslPaace.AddressBits, uint.MaxValue & ~FslPaace.Valid, FslPaace.Window64GiB | FslPaace.Query | FslPaace.Update);
        yield return Change(liodn, FslPaace.DomainAttributes, FslPaace.Coherent, coherent ? FslPaace.Coherent : 0);
        if (isQueue)
        {
            var attributes = (_options.QueueStashId << FslPaace.StashShift) | FslPaace.OperationIndexed;
            yield return Change(liodn, FslPaace.ImplementationAttributes, FslPaace.StashMask | FslPaace.OperationMask, attributes);
            yield return Change(liodn, FslPaace.Operation, 0xffff, kind == FslPamuNodeKind.Qman ? PrivateOperations : QmanOperations);
        }

        yield return DriverStep.Barrier();
        foreach (var step in Enable(liodn))
            yield return step;
    }

    // pamu_set_liodn and pamu_enable_liodn: invalid first, once without rights, once with all, then valid.
    private IEnumerable<DriverStep> Program(uint liodn, uint stash, FslPamuNodeKind? kind)
    {
        foreach (var step in Disable(liodn))
            yield return step;
        uint? operations = kind switch
        {
            FslPamuNodeKind.QmanPortal => QmanOperations,
            FslPamuNodeKind.Qman => PrivateOperations,
            _ => null,
        };
        foreach (var rights in (uint[])[0, FslPaace.Query | FslPaace.Update])
        {
            yield return Store(WordOf(liodn, FslPaace.WindowBaseHigh), 0, $"PAACE 0x{liodn:x} +0x0");
            yield return Change(liodn, FslPaace.AddressBits, uint.MaxValue & ~FslPaace.Valid, FslPaace.Window64GiB | rights);
            yield return Change(liodn, FslPaace.DomainAttributes, FslPaace.Coherent, FslPaace.Coherent);
            var (mask, value) = (FslPaace.TranslationMask | FslPaace.WindowCountMask, FslPaace.TranslateWindow);
            if (operations != null)
                (mask, value) = (mask | FslPaace.OperationMask, value | FslPaace.OperationIndexed);
            if (stash != FslPamuDomain.NoStash)
                (mask, value) = (mask | FslPaace.StashMask, value | (stash << FslPaace.StashShift));
            yield return Change(liodn, FslPaace.ImplementationAttributes, mask, value);
            yield return Store(WordOf(liodn, FslPaace.TranslatedBaseHigh), 0, $"PAACE 0x{liodn:x} +0x10");
            yield return Change(liodn, FslPaace.TranslatedBaseLow, FslPaace.BaseMask, 0);
            if (operations is { } index)
                yield return Change(liodn, FslPaace.Operation, 0xffff, index);
            yield return DriverStep.Barrier();
            operations = null;
        }

        foreach (var step in Enable(liodn))
            yield return step;
    }
}
