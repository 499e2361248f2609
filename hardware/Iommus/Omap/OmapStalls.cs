using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Iommus.Omap;

/// <summary>The requests of a stalled master, oldest first, and the answers of those that went on.</summary>
internal sealed class OmapStalls(int capacity)
{
    private readonly DmaRequest[] _held = new DmaRequest[capacity];
    private readonly ResumedDma[] _answers = new ResumedDma[capacity];
    private int _answerCount;

    public int Count { get; private set; }

    public bool TryHold(in DmaRequest request)
    {
        if (Count + _answerCount == _held.Length)
            return false;
        _held[Count++] = request;
        return true;
    }

    public ref readonly DmaRequest this[int index] => ref _held[index];

    public void Answer(int index, in DmaCompletion completion)
    {
        _answers[_answerCount++] = new ResumedDma(_held[index], completion);
        Array.Copy(_held, index + 1, _held, index, --Count - index);
    }

    public int Take(Span<ResumedDma> resumed)
    {
        var taken = Math.Min(resumed.Length, _answerCount);
        _answers.AsSpan(0, taken).CopyTo(resumed);
        Array.Copy(_answers, taken, _answers, 0, _answerCount -= taken);
        return taken;
    }
}
