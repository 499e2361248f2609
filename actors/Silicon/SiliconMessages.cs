using Akka.Actor;

namespace Emulator.Actors.Silicon;

/// <summary>How an IOMMU's actor gets to know the silicon's, again after each restart.</summary>
internal static class SiliconMessages
{
    /// <summary>To the host. Answer: <see cref="Silicon"/>.</summary>
    public sealed record NeedSilicon;

    /// <param name="Translation">Who performs driver steps.</param>
    public sealed record Silicon(IActorRef Translation);
}
