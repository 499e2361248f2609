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

    /// <summary>Bytes of memory that the device's buffers take, in pages of 4 KiB.</summary>
    public abstract ulong Memory { get; }

    /// <summary>Checks the limits.</summary>
    /// <exception cref="ArgumentException">A value is outside its limits; the message names it.</exception>
    public virtual void Validate() => Check("request size", RequestSize, 64, 4096);

    /// <summary>Makes the device's agent.</summary>
    /// <param name="context">Where it runs.</param>
    public abstract DeviceAgent Create(DeviceContext context);

    /// <summary>Refuses a value outside its limits.</summary>
    /// <exception cref="ArgumentException">It is.</exception>
    protected static void Check(string name, long value, long least, long most)
    {
        if (value < least || value > most)
            throw new ArgumentException($"{name} {value} is outside {least} to {most}");
    }
}
