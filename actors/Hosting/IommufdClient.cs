using Akka.Actor;
using Emulator.Actors.Core;
using Emulator.Hardware.Core.Iommufd;
using static Emulator.Actors.Core.IommufdMessages;

namespace Emulator.Actors.Hosting;

/// <summary>An opened /dev/iommu, as a program outside the actors sees it; see <see cref="HostClient.OpenIommufdAsync"/>. Each call asks the host's actor and waits for its
/// answer, which has the error or what the ioctl hands out.</summary>
/// <remarks>May be used by several threads at once; the kernel does one operation at a time.</remarks>
/// <param name="host">The host's actor.</param>
/// <param name="context">The file.</param>
/// <param name="timeout">How long a call waits.</param>
public sealed class IommufdClient(IActorRef host, int context, TimeSpan timeout)
{
    /// <summary>The file's number in its host.</summary>
    public int Context => context;

    /// <summary>Performs an operation.</summary>
    /// <exception cref="AskTimeoutException">No answer in time.</exception>
    public Task<IommufdAnswer> CallAsync(IommufdOperation operation, CancellationToken cancellation = default) =>
        host.Ask<IommufdAnswer>(new IommufdCall(context, operation), timeout, cancellation);

    /// <inheritdoc cref="IommufdOperation.AllocateIoas"/>
    public Task<IommufdAnswer> AllocateIoasAsync(CancellationToken cancellation = default) => CallAsync(new IommufdOperation.AllocateIoas(), cancellation);

    /// <inheritdoc cref="IommufdOperation.MapIoas"/>
    public Task<IommufdAnswer> MapIoasAsync(long ioas, ulong offset, ulong length, IoasMapFlags flags, ulong iova = 0, CancellationToken cancellation = default) =>
        CallAsync(new IommufdOperation.MapIoas((int)ioas, offset, length, flags, iova), cancellation);

    /// <inheritdoc cref="IommufdOperation.UnmapIoas"/>
    public Task<IommufdAnswer> UnmapIoasAsync(long ioas, ulong iova, ulong length, CancellationToken cancellation = default) =>
        CallAsync(new IommufdOperation.UnmapIoas((int)ioas, iova, length), cancellation);

    /// <inheritdoc cref="IommufdOperation.Bind"/>
    public Task<IommufdAnswer> BindAsync(int device, CancellationToken cancellation = default) => CallAsync(new IommufdOperation.Bind(device), cancellation);

    /// <inheritdoc cref="IommufdOperation.Unbind"/>
    public Task<IommufdAnswer> UnbindAsync(long device, CancellationToken cancellation = default) => CallAsync(new IommufdOperation.Unbind((int)device), cancellation);

    /// <inheritdoc cref="IommufdOperation.Attach"/>
    public Task<IommufdAnswer> AttachAsync(long device, long pt, CancellationToken cancellation = default) =>
        CallAsync(new IommufdOperation.Attach((int)device, (int)pt), cancellation);

    /// <inheritdoc cref="IommufdOperation.Replace"/>
    public Task<IommufdAnswer> ReplaceAsync(long device, long pt, CancellationToken cancellation = default) =>
        CallAsync(new IommufdOperation.Replace((int)device, (int)pt), cancellation);

    /// <inheritdoc cref="IommufdOperation.Detach"/>
    public Task<IommufdAnswer> DetachAsync(long device, CancellationToken cancellation = default) => CallAsync(new IommufdOperation.Detach((int)device), cancellation);

    /// <inheritdoc cref="IommufdOperation.Destroy"/>
    public Task<IommufdAnswer> DestroyAsync(long id, CancellationToken cancellation = default) => CallAsync(new IommufdOperation.Destroy((int)id), cancellation);

    /// <inheritdoc cref="IommufdOperation.Close"/>
    public Task<IommufdAnswer> CloseAsync(CancellationToken cancellation = default) => CallAsync(new IommufdOperation.Close(), cancellation);
}
