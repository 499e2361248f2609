using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>Page requests of devices for the user, and the user's answers (IOMMUFD_OBJ_FAULT). Each group is answered once: by the user, or as invalid when its
/// attachment ends.</summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/iommufd/fault.c.</remarks>
public sealed class FaultQueue : IommufdObject
{
    private readonly List<PageRequestGroup> _deliver = [];
    private readonly SortedDictionary<int, PageRequestGroup> _awaiting = [];
    private readonly IdentifierPool _cookies = new(1, int.MaxValue);
    private bool _closed;

    internal FaultQueue(IommufdContext context)
        : base(context) => Users = 1;

    /// <summary>Whether there is something to read.</summary>
    public bool IsReadable => _deliver.Count > 0;

    /// <summary>Takes whole groups, oldest first; each then waits for its answer.</summary>
    /// <param name="capacity">Requests that there is room for.</param>
    /// <param name="faults">The requests.</param>
    /// <returns>EINVAL: the first group does not fit.</returns>
    public Errno Read(int capacity, out IReadOnlyList<PageFault> faults)
    {
        var taken = new List<PageFault>();
        faults = taken;
        while (_deliver.Count > 0)
        {
            var group = _deliver[0];
            if (group.Requests.Count > capacity - taken.Count)
                return taken.Count == 0 ? Errno.EINVAL : Errno.None;
            _deliver.RemoveAt(0);
            var cookie = _cookies.Take() ?? throw new DriverException(Errno.EBUSY, $"{int.MaxValue} page requests wait for an answer");
            _awaiting[cookie] = group;
            taken.AddRange(group.Requests.Select(request => new PageFault(group.Handle.Device.Id, cookie, request)));
        }

        return Errno.None;
    }

    /// <summary>Answers groups. Result: how many were answered before the first error; if none was, that: -EINVAL: a code other than success and invalid, or a
    /// cookie that is
    /// unknown or was answered.</summary>
    public IEnumerable<DriverStep> Write(IReadOnlyList<(int Cookie, PageResponseCode Code)> responses)
    {
        ArgumentNullException.ThrowIfNull(responses);
        var done = 0;
        foreach (var (cookie, code) in responses)
        {
            if (code is not (PageResponseCode.Success or PageResponseCode.Invalid) || !_awaiting.Remove(cookie, out var group))
            {
                yield return done > 0 ? DriverStep.Return(done) : DriverStep.Fail(Errno.EINVAL);
                yield break;
            }

            _cookies.Return(cookie);
            foreach (var step in group.Device.Respond(group.Requests[^1], code))
                yield return step;
            done++;
        }

        yield return DriverStep.Return(done);
    }

    /// <summary>Closes the queue's own file: only then can the object be destroyed.</summary>
    public void Close()
    {
        Users -= _closed ? 0 : 1;
        _closed = true;
    }

    /// <summary>Takes a group in.</summary>
    internal void Deliver(PageRequestGroup group) => _deliver.Add(group);

    /// <summary>Answers what is left of an attachment as invalid.</summary>
    internal IEnumerable<DriverStep> AnswerPending(FaultHandle? handle)
    {
        bool IsMeant(PageRequestGroup group) => handle == null || group.Handle == handle;
        var left = _deliver.FindAll(IsMeant);
        _deliver.RemoveAll(IsMeant);
        foreach (var (cookie, group) in _awaiting.Where(entry => IsMeant(entry.Value)).ToList())
        {
            left.Add(group);
            _awaiting.Remove(cookie);
            _cookies.Return(cookie);
        }

        return left.SelectMany(group => group.Device.Respond(group.Requests[^1], PageResponseCode.Invalid));
    }

    /// <inheritdoc/>
    internal override IEnumerable<DriverStep> Teardown() => AnswerPending(null);
}
