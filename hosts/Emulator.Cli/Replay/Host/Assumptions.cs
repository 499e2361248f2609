namespace Emulator.Cli.Replay.Host;

/// <summary>What a trace did not tell and the replay assumed, counted.</summary>
public sealed class Assumptions
{
    /// <summary>Attaches to a domain that no kprobe named: a new one for the group, shared by the group's devices.</summary>
    public long AttachedDomains { get; set; }

    /// <summary>Maps whose domain no kprobe named: that of the device for which the DMA API was entered, else the one attached last.</summary>
    public long MappedDomains { get; set; }

    /// <summary>Among <see cref="MappedDomains"/>, those with several domains to choose from and no device to tell.</summary>
    public long GuessedDomains { get; set; }

    /// <summary>Maps whose protection no kprobe named: read and write.</summary>
    public long Protections { get; set; }

    /// <summary>Unmaps whose domain and sync no kprobe named: the domain that mapped the address last, synced at once.</summary>
    public long Unmaps { get; set; }

    /// <summary>Flushes of a queue that no kprobe told: before an address that waited for one was mapped again.</summary>
    public long Flushes { get; set; }

    /// <summary>Domains of unknown type: for the DMA API, with strict invalidation.</summary>
    public long Types { get; set; }

    /// <summary>Devices without a PCI address of segment 0: a stream of their own.</summary>
    public long Streams { get; set; }

    /// <summary>Devices that are attached and were never added: the trace begins after that, each has a group of its own.</summary>
    public long EarlierDevices { get; set; }

    /// <summary>Domains for maps that fit no domain of the trace: those of devices that were attached before it begins.</summary>
    public long EarlierDomains { get; set; }

    /// <summary>Maps and unmaps that do not fit what the trace told before, where it does not tell everything: events are missing.</summary>
    public long Misfits { get; set; }

    /// <summary>Invalidations that no kprobe told: before an address that waited for one was mapped again.</summary>
    public long Syncs { get; set; }

    /// <summary>In words, one line each; nothing for what was not assumed.</summary>
    public IReadOnlyList<string> Describe()
    {
        var lines = new List<string>();
        Add(AttachedDomains, "attaches name no domain: a new domain of the group");
        Add(MappedDomains, "maps name no domain: that of the device in whose DMA call they fall, else the one attached last");
        Add(GuessedDomains, "of these had several domains to choose from and no device to tell: DMA that does not fit counts as not attributable");
        Add(Protections, "maps name no protection: read and write");
        Add(Unmaps, "unmaps name no domain: the one that mapped the address last, invalidated at once");
        Add(Flushes, "flushes of a queue are not in the trace: taken to be before an address that waited for one was mapped again");
        Add(Types, "domains name no type: for the DMA API, invalidated at once");
        Add(Streams, "devices have no PCI address of segment 0 to themselves: a stream of their own each");
        Add(EarlierDevices, "devices were added before the trace begins: a group of their own each");
        Add(EarlierDomains, "domains were attached before the trace begins: what fits no domain of the trace is mapped there");
        Add(Misfits, "calls do not fit what the trace told before: taken as it tells them, since events are missing");
        Add(Syncs, "invalidations are not in the trace: taken to be before the address was mapped again");
        return lines;

        void Add(long count, string text)
        {
            if (count > 0)
                lines.Add($"{count} {text}");
        }
    }
}
