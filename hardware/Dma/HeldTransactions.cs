namespace Emulator.Hardware.Dma;

/// <summary>The transactions that are stalled, oldest first, and the answers that were not taken yet: together at most so many.</summary>
internal sealed class HeldTransactions(int capacity)
{
    private readonly (int Bank, DmaRequest Request)[] _held = new (int, DmaRequest)[capacity];
    private readonly ResumedDma[] _answers = new ResumedDma[capacity];
    private int _answerCount;

    public int Count { get; private set; }

    public bool HasRoom => Count + _answerCount < capacity;

    /// <summary>Stalls one at a context bank. Only where <see cref="HasRoom"/>.</summary>
    public void Hold(int bank, in DmaRequest request) => _held[Count++] = (bank, request);

    /// <summary>Takes the oldest one of a bank out, among the first <paramref name="within"/>.</summary>
    public bool TryRelease(int bank, int within, out DmaRequest request)
    {
        for (var i = 0; i < within; i++)
        {
            if (_held[i].Bank != bank)
                continue;
            request = _held[i].Request;
            Count--;
            Array.Copy(_held, i + 1, _held, i, Count - i);
            return true;
        }

        request = default;
        return false;
    }

    public void Answer(in DmaRequest request, in DmaCompletion completion) => _answers[_answerCount++] = new ResumedDma(request, completion);

    public int Take(Span<ResumedDma> resumed)
    {
        var count = Math.Min(resumed.Length, _answerCount);
        _answers.AsSpan(0, count).CopyTo(resumed);
        _answerCount -= count;
        Array.Copy(_answers, count, _answers, 0, _answerCount);
        return count;
    }
}
