using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>The requests that are stalled, and the answers that were not taken yet: together at most so many.</summary>
internal sealed class StalledRequests(int capacity)
{
    private readonly (int Bank, DmaRequest Request)[] _held = new (int, DmaRequest)[capacity];
    private readonly ResumedDma[] _answers = new ResumedDma[capacity];
    private int _heldCount;
    private int _answerCount;

    /// <summary>Whether one more can be held.</summary>
    public bool HasRoom => _heldCount + _answerCount < _held.Length;

    /// <summary>Requests held.</summary>
    public int Count => _heldCount;

    /// <summary>Holds a request of a bank.</summary>
    public void Hold(int bank, in DmaRequest request) => _held[_heldCount++] = (bank, request);

    /// <summary>Takes the oldest request of a bank out, among the first <paramref name="within"/>.</summary>
    public bool TryRelease(int bank, int within, out DmaRequest request)
    {
        for (var i = 0; i < within; i++)
        {
            if (_held[i].Bank != bank)
                continue;
            request = _held[i].Request;
            _heldCount--;
            Array.Copy(_held, i + 1, _held, i, _heldCount - i);
            return true;
        }

        request = default;
        return false;
    }

    /// <summary>Keeps the answer to a request that was held.</summary>
    public void Answer(in DmaRequest request, in DmaCompletion completion) => _answers[_answerCount++] = new ResumedDma(request, completion);

    /// <summary>Takes the oldest answers.</summary>
    public int Take(Span<ResumedDma> resumed)
    {
        var count = Math.Min(resumed.Length, _answerCount);
        _answers.AsSpan(0, count).CopyTo(resumed);
        _answerCount -= count;
        Array.Copy(_answers, count, _answers, 0, _answerCount);
        return count;
    }
}
