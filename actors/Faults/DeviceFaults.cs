using Emulator.Actors.Hosts;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Faults;

/// <summary>How a device misbehaves. Part of its actor; made with the first fault.</summary>
internal sealed class DeviceFaults(EmulatedHost host, int device)
{
    private int _forged;
    private int _lying;

    /// <summary>Whether it goes on when it is told to stop.</summary>
    public bool IgnoresStop { get; private set; }

    /// <summary>A fault strikes.</summary>
    public void Strike(Fault fault)
    {
        IgnoresStop |= fault.Kind == FaultKind.KeepsSending;
        _forged += fault.Kind == FaultKind.ForgedRequesterId ? fault.Count : 0;
        _lying += fault.Kind == FaultKind.LyingAts ? fault.Count : 0;
    }

    /// <summary>Makes of honest requests what the device sends.</summary>
    public void Falsify(Span<DmaRequest> requests)
    {
        if (_forged > 0)
        {
            _forged--;
            var victim = host.Devices[(device + 1) % host.Devices.Count].Stream;
            foreach (ref var request in requests)
                request = request with { Stream = victim };
        }

        if (_lying == 0)
            return;
        _lying--;
        for (var i = 0; i < requests.Length; i++)
        {
            var page = (requests[i].Iova.Value - host.Layout.IovaBase) / PhysicalMemory.FrameSize;
            var frame = host.FrameOf(i % host.Specification.Tenants, page, PhysicalMemory.FrameSize);
            requests[i] = requests[i] with { Iova = new Iova(frame), Attributes = requests[i].Attributes | DmaAttributes.Translated };
        }
    }
}
