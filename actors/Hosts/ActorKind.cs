namespace Emulator.Actors.Hosts;

/// <summary>The kinds of actors of a host.</summary>
public enum ActorKind
{
    /// <summary>The host itself.</summary>
    Host,

    /// <summary>The IOMMU's driver.</summary>
    Iommu,

    /// <summary>A group.</summary>
    Group,

    /// <summary>A tenant's domain.</summary>
    Domain,

    /// <summary>A device.</summary>
    Device,

    /// <summary>The silicon's live state.</summary>
    Translation,

    /// <summary>The isolation check.</summary>
    Checker,
}
