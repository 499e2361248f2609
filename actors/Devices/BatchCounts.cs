namespace Emulator.Actors.Devices;

/// <summary>The batches of each device that went out and that the bus has dealt with: what lies between them is in flight. Each side has one writer.</summary>
internal sealed class BatchCounts(int devices)
{
    private readonly long[] _sent = new long[devices];
    private readonly long[] _answered = new long[devices];

    public long Sent(int device) => Volatile.Read(ref _sent[device]);

    public long Answered(int device) => Volatile.Read(ref _answered[device]);

    /// <summary>Writer: the device's actor.</summary>
    public void AddSent(int device) => Volatile.Write(ref _sent[device], _sent[device] + 1);

    /// <summary>Writer: the translation actor.</summary>
    public void AddAnswered(int device) => Volatile.Write(ref _answered[device], _answered[device] + 1);
}
