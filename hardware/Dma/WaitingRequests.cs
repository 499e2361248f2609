namespace Emulator.Hardware.Dma;

/// <summary>The requests that wait at an IOMMU that holds them, in order, and the answers of those that waited until they are taken.</summary>
internal sealed class WaitingRequests(int capacity)
{
    private readonly DmaRequest[] _requests = new DmaRequest[capacity];
    private readonly ResumedDma[] _answers = new ResumedDma[capacity];
    private int _first;
    private int _firstAnswer;
    private int _answered;

    /// <summary>Requests that wait.</summary>
    public int Count { get; private set; }

    /// <summary>The one that has waited longest.</summary>
    public ref readonly DmaRequest First => ref _requests[_first];

    /// <summary>Lets a request wait.</summary>
    /// <returns>False when there is no room.</returns>
    public bool TryAdd(in DmaRequest request)
    {
        if (Count + _answered >= capacity)
            return false;
        _requests[(_first + Count++) % capacity] = request;
        return true;
    }

    /// <summary>Answers the one that has waited longest.</summary>
    public void AnswerFirst(in DmaCompletion completion)
    {
        _answers[(_firstAnswer + _answered++) % capacity] = new ResumedDma(_requests[_first], completion);
        _first = (_first + 1) % capacity;
        Count--;
    }

    /// <summary>Takes the oldest answers.</summary>
    public int Take(Span<ResumedDma> resumed)
    {
        var count = Math.Min(resumed.Length, _answered);
        for (var i = 0; i < count; i++)
        {
            resumed[i] = _answers[_firstAnswer];
            _firstAnswer = (_firstAnswer + 1) % capacity;
        }

        _answered -= count;
        return count;
    }
}
