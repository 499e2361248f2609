using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>The requests that are held: at most STALL_MAX, each with its STAG, until it is answered and the answer is taken.</summary>
internal sealed class StallBuffer
{
    private readonly DmaRequest[] _requests;
    private readonly State[] _states;
    private readonly ResumedDma[] _answers;
    private readonly ushort[] _answerTags;
    private int _firstAnswer;
    private int _answerCount;

    public StallBuffer(int capacity)
    {
        _requests = new DmaRequest[capacity];
        _states = new State[capacity];
        _answers = new ResumedDma[capacity];
        _answerTags = new ushort[capacity];
    }

    private enum State : byte
    {
        Free,
        Waiting,
        Reported,
        Answered,
    }

    /// <summary>Slots; the STAGs are 0 to this minus 1.</summary>
    public int Capacity => _requests.Length;

    /// <summary>Requests held whose event could not be written yet.</summary>
    public int Waiting { get; private set; }

    /// <summary>Holds a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="reported">Whether its event is written now; else it waits for room in the queue.</param>
    /// <param name="tag">Its STAG.</param>
    /// <returns>False when STALL_MAX requests are held.</returns>
    public bool TryHold(in DmaRequest request, bool reported, out ushort tag)
    {
        var free = Array.IndexOf(_states, State.Free);
        tag = (ushort)Math.Max(free, 0);
        if (free < 0)
            return false;
        _requests[free] = request;
        Set(tag, reported ? State.Reported : State.Waiting);
        return true;
    }

    /// <summary>Whether a request is held under this STAG for this stream, its event written.</summary>
    public bool IsHeld(ushort tag, uint stream) => tag < Capacity && _states[tag] == State.Reported && _requests[tag].Stream.Value == stream;

    /// <summary>Whether the request of this STAG waits for its event to be written.</summary>
    public bool IsWaiting(ushort tag) => _states[tag] == State.Waiting;

    /// <summary>Whether a request of a stream is held, reported or not.</summary>
    public bool IsOf(ushort tag, uint stream) => _states[tag] is State.Waiting or State.Reported && _requests[tag].Stream.Value == stream;

    /// <summary>The held request.</summary>
    public ref readonly DmaRequest Request(ushort tag) => ref _requests[tag];

    /// <summary>A held request faults again, under its STAG.</summary>
    public void HoldAgain(ushort tag, bool reported) => Set(tag, reported ? State.Reported : State.Waiting);

    /// <summary>Answers a held request.</summary>
    public void Answer(ushort tag, in DmaCompletion completion)
    {
        Set(tag, State.Answered);
        var place = (_firstAnswer + _answerCount++) % Capacity;
        _answers[place] = new ResumedDma(_requests[tag], completion);
        _answerTags[place] = tag;
    }

    /// <summary>Takes the oldest answers and frees their slots.</summary>
    public int Take(Span<ResumedDma> resumed)
    {
        var count = Math.Min(resumed.Length, _answerCount);
        for (var i = 0; i < count; i++)
        {
            resumed[i] = _answers[_firstAnswer];
            _states[_answerTags[_firstAnswer]] = State.Free;
            _firstAnswer = (_firstAnswer + 1) % Capacity;
        }

        _answerCount -= count;
        return count;
    }

    private void Set(ushort tag, State state)
    {
        Waiting += (state == State.Waiting ? 1 : 0) - (_states[tag] == State.Waiting ? 1 : 0);
        _states[tag] = state;
    }
}
