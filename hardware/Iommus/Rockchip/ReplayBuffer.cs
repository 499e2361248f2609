using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>The requests that a stalled bank holds, in order, and the answers that they have got since. Answers that nobody takes are overwritten, oldest first.</summary>
internal sealed class ReplayBuffer(int capacity)
{
    private readonly DmaRequest[] _held = new DmaRequest[capacity];
    private readonly ResumedDma[] _answers = new ResumedDma[capacity];
    private int _firstHeld;
    private int _firstAnswer;
    private int _answerCount;

    public int Count { get; private set; }

    public ref readonly DmaRequest Oldest => ref _held[_firstHeld];

    public bool TryHold(in DmaRequest request)
    {
        if (Count == capacity)
            return false;
        _held[(_firstHeld + Count++) % capacity] = request;
        return true;
    }

    public void AnswerOldest(in DmaCompletion completion)
    {
        if (_answerCount == capacity)
            Drop(1);
        _answers[(_firstAnswer + _answerCount++) % capacity] = new ResumedDma(_held[_firstHeld], completion);
        _firstHeld = (_firstHeld + 1) % capacity;
        Count--;
    }

    public int Take(Span<ResumedDma> resumed)
    {
        var count = Math.Min(resumed.Length, _answerCount);
        for (var i = 0; i < count; i++)
            resumed[i] = _answers[(_firstAnswer + i) % capacity];
        Drop(count);
        return count;
    }

    private void Drop(int count)
    {
        _firstAnswer = (_firstAnswer + count) % capacity;
        _answerCount -= count;
    }
}
