using Emulator.Hardware.DmaApi;

namespace Emulator.Hardware.Devices;

/// <summary>What a device of a kernel does, with the driver that serves it: its buffers are mapped by the kernel's DMA API.</summary>
public abstract record DeviceProgram
{
    /// <summary>Bytes of one DMA of a transfer at most, 64 to 4096: a PCIe device writes in packets of its maximum payload and reads in requests of up to 512 bytes.</summary>
    public int RequestSize { get; init; } = 256;

    /// <summary>The kind, as in scenario files.</summary>
    public abstract string Kind { get; }

    /// <summary>What one operation is: a packet, an I/O.</summary>
    public abstract string Operation { get; }

    /// <summary>CPUs that call the DMA API for the device.</summary>
    public virtual int Cpus => 1;

    /// <summary>Pages of memory that the device's buffers take.</summary>
    /// <param name="pageSize">Bytes of a page: the smallest that its IOMMU maps.</param>
    public abstract ulong Pages(ulong pageSize);

    /// <summary>Memory that the program names itself, instead of taking it from the device's buffers.</summary>
    public virtual IEnumerable<ScatterSegment> OwnMemory => [];

    /// <summary>How the device's memory is mapped.</summary>
    public virtual DmaMappingOptions MappingOptions(DmaMode mode) => new() { Mode = mode, Cpus = Cpus };

    /// <summary>Checks the limits.</summary>
    /// <exception cref="ArgumentException">A value is outside its limits; the message names it.</exception>
    public virtual void Validate() => Check("request size", RequestSize, 64, 4096);

    /// <summary>Makes the device's agent.</summary>
    /// <param name="context">Where it runs.</param>
    public abstract DeviceAgent Create(DeviceContext context);

    /// <summary>Pages that hold so many bytes.</summary>
    internal static ulong PagesOf(int bytes, ulong pageSize) => ((ulong)bytes + pageSize - 1) / pageSize;

    /// <summary>Refuses a time that is negative or longer than a limit, both in nanoseconds.</summary>
    /// <exception cref="ArgumentException">It is, or no number.</exception>
    internal static void CheckTime(string name, double time, double most)
    {
        if (!(time >= 0 && time <= most))
            throw new ArgumentException($"{name} {time} ns is outside 0 to {most / 1e9} s");
    }

    /// <summary>Refuses a value outside its limits.</summary>
    /// <exception cref="ArgumentException">It is.</exception>
    internal static void Check(string name, long value, long least, long most)
    {
        if (value < least || value > most)
            throw new ArgumentException($"{name} {value} is outside {least} to {most}");
    }
}
