using System.Reflection;
using System.Runtime.CompilerServices;
using Akka.Actor;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;
using Akka.Util;

namespace Emulator.Simulations.Engine;

/// <summary>Every private member of Akka.NET and of the runtime that the simulation needs, for Akka.NET 1.5.74 on .NET 10. <see cref="Check"/> says which ones another version has moved.</summary>
internal static class AkkaInternals
{
    private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public;
    private const int RunContinuationsAsynchronously = 0x40;
    private const string AskClosure = "Akka.Actor.Futures+<>c__DisplayClass6_0`1";
    private const string Continuation = "System.Threading.Tasks.ContinueWithTaskContinuation";

    private static readonly FieldInfo? s_continuationTask = typeof(Task).Assembly.GetType(Continuation)?.GetField("m_task", Hidden);
    private static readonly ThreadLocal<Random>? s_random = typeof(ThreadLocalRandom).GetField("_rng", Hidden)?.GetValue(null) as ThreadLocal<Random>;

    /// <summary>Checks that every member is where it was.</summary>
    /// <exception cref="SimulationException">Some are not; the message names them.</exception>
    public static void Check()
    {
        var closure = typeof(ActorSystem).Assembly.GetType(AskClosure);
        (string Name, bool IsThere)[] members =
        [
            ("Mailbox.MessageQueue's field", typeof(Mailbox).GetField("<MessageQueue>k__BackingField", Hidden)?.FieldType == typeof(IMessageQueue)),
            ("Mailbox.IsSuspended()", typeof(Mailbox).GetMethod("IsSuspended", Hidden, [])?.ReturnType == typeof(bool)),
            ("ThreadLocalRandom._rng", s_random != null),
            ("Task.m_stateFlags", typeof(Task).GetField("m_stateFlags", Hidden)?.FieldType == typeof(int)),
            ("Task.m_continuationObject", typeof(Task).GetField("m_continuationObject", Hidden)?.FieldType == typeof(object)),
            ("Task.m_action", typeof(Task).GetField("m_action", Hidden)?.FieldType == typeof(Delegate)),
            ($"{Continuation}.m_task", s_continuationTask?.FieldType == typeof(Task)),
            ($"{AskClosure}.timeout", closure?.GetField("timeout", Hidden)?.FieldType == typeof(TimeSpan?)),
            ($"{AskClosure}.timeoutCancellation", closure?.GetField("timeoutCancellation", Hidden)?.FieldType == typeof(CancellationTokenSource)),
        ];
        var moved = members.Where(member => !member.IsThere).Select(member => member.Name).ToArray();
        if (moved.Length > 0)
            throw new SimulationException($"the simulation knows Akka.NET 1.5.74 on .NET 10; here these are not as they were: {string.Join(", ", moved)}");
    }

    /// <summary>Where a mailbox keeps its queue.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<MessageQueue>k__BackingField")]
    public static extern ref IMessageQueue MessageQueue(Mailbox mailbox);

    /// <summary>Whether a mailbox waits for an asynchronous handler or for supervision.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "IsSuspended")]
    public static extern bool IsSuspended(Mailbox mailbox);

    /// <summary>Seeds what Akka.NET takes UIDs, jitter and random routes from, on this thread.</summary>
    public static void SeedRandom(int seed) => s_random!.Value = new Random(seed);

    /// <summary>Lets a task's continuations run where it is completed.</summary>
    public static void RunContinuationsInPlace(Task task) => StateFlags(task) &= ~RunContinuationsAsynchronously;

    /// <summary>Takes the limit of an Ask from the wall clock.</summary>
    /// <param name="answer">The task of the Ask, to which Akka.NET has already attached what cleans up after it.</param>
    /// <returns>The limit and what ends the Ask; null when it has no limit.</returns>
    public static (TimeSpan Limit, CancellationTokenSource Cancellation)? TakeTimeout(Task answer)
    {
        if (ContinuationObject(answer) is not { } continuation || s_continuationTask!.DeclaringType != continuation.GetType() ||
            s_continuationTask.GetValue(continuation) is not Task { } cleanUp || Action(cleanUp)?.Target is not { } closure ||
            closure.GetType().GetField("timeoutCancellation", Hidden)?.GetValue(closure) is not CancellationTokenSource cancellation)
        {
            return null;
        }

        cancellation.CancelAfter(Timeout.InfiniteTimeSpan);
        return ((TimeSpan)closure.GetType().GetField("timeout", Hidden)!.GetValue(closure)!, cancellation);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_stateFlags")]
    private static extern ref int StateFlags(Task task);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_continuationObject")]
    private static extern ref object? ContinuationObject(Task task);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_action")]
    private static extern ref Delegate? Action(Task task);
}
