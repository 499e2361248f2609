using System.Diagnostics;

namespace Emulator.Actors.Hosts;

/// <summary>The actors of a host below its own, by number: IOMMU, translation, checker, then groups, domains, devices.</summary>
internal static class HostActors
{
    /// <summary>The one of a number, taken modulo how many there are.</summary>
    /// <returns>Its kind, which of that kind, and its path below the run.</returns>
    public static (ActorKind Kind, int Index, string Path) Of(HostSpecification host, int number)
    {
        ReadOnlySpan<(ActorKind Kind, string Name, int Count)> kinds =
        [
            (ActorKind.Iommu, "iommu", 0), (ActorKind.Translation, "translation", 0), (ActorKind.Checker, "checker", 0),
            (ActorKind.Group, "group-", host.Groups), (ActorKind.Domain, "domain-", host.Tenants), (ActorKind.Device, "device-", host.Devices),
        ];
        var left = number % (3 + host.Groups + host.Tenants + host.Devices);
        foreach (var (kind, name, count) in kinds)
        {
            if (left < Math.Max(1, count))
                return (kind, left, $"{host.Name}/{name}{(count == 0 ? "" : left)}");
            left -= Math.Max(1, count);
        }

        throw new UnreachableException();
    }
}
