using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Core;

/// <summary>A driver that writes down what the core asks of it, in order, and fails where a test says so.</summary>
internal class ScriptedDriver(KernelVersion kernel, bool native = true, params DomainType[] lacking) : IIommuDriver
{
    private int _made;

    public KernelVersion Kernel => kernel;

    public bool HasNativeBlocking => native;

    /// <summary>What was asked: operation, device, domain.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>The error of an attach, by such a call; null: it succeeds.</summary>
    public Func<string, Errno?> Failing { get; set; } = _ => null;

    /// <summary>The error of the next allocation.</summary>
    public Errno? NoDomains { get; set; }

    public IommuDomain AllocateDomain(DomainType type) => NoDomains is { } errno || lacking.Contains(type)
        ? throw new DriverException(NoDomains ?? Errno.EINVAL, $"no {type} domain")
        : new ScriptedDomain(type, type switch { DomainType.Unmanaged => "U" + _made++, _ => type.ToString() });

    public void Finalise(IommuDomain domain, DmaDevice device)
    {
        if (Failing($"finalise {device.Name} {domain}") is { } errno)
            throw new DriverException(errno, "does not fit");
    }

    public IEnumerable<DriverStep> Attach(IommuDomain domain, DmaDevice device) => Call($"attach {device.Name} {domain}");

    public IEnumerable<DriverStep> Detach(IommuDomain domain, DmaDevice device) => Call($"detach {device.Name} {domain}");

    public IEnumerable<DriverStep> Block(DmaDevice device) => Call($"block {device.Name}");

    public IEnumerable<DriverStep> ReleaseDevice(DmaDevice device) => Call($"release {device.Name}");

    public IEnumerable<DriverStep> FreeDomain(IommuDomain domain) => Call($"free {domain}");

    public IEnumerable<DriverStep> Probe() => [];

    public IEnumerable<DriverStep> ProbeDevice(DmaDevice device) => [];

    public IEnumerable<DriverStep> SyncMap(IommuDomain domain, Iova iova, ulong size, InvalidationGather gather) => [];

    public IEnumerable<DriverStep> Sync(IommuDomain domain, InvalidationGather gather) => [];

    public IEnumerable<DriverStep> FlushAll(IommuDomain domain) => [];

    public IEnumerable<DriverStep> HandleInterrupt() => [];

    protected IEnumerable<DriverStep> Call(string call)
    {
        Calls.Add(call);
        yield return DriverStep.Barrier();
        if (Failing(call) is { } errno)
            yield return DriverStep.Fail(errno);
    }
}
