using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus;

/// <summary>One kind of IOMMU in the catalogue: its name, what the mail expected of it, and how to build a platform with it.</summary>
public sealed record IommuRoom
{
    /// <summary>The name in the list of the nineteen, such as <c>apple-dart</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The IOMMU in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>What the mail of May 2022 expected.</summary>
    public required Guess2022 Guess { get; init; }

    /// <summary>Its hardware variants, the default first.</summary>
    public required IReadOnlyList<string> Variants { get; init; }

    /// <summary>What no source states and this room chose, one sentence each: shown by <c>survey --explain</c>.</summary>
    public IReadOnlyList<string> ModelChoices { get; init; } = [];

    /// <summary>What the hardware has, present in the model or absent.</summary>
    public IReadOnlyList<IommuFeature> Features { get; init; } = [];

    /// <summary>Whether a kernel has a driver for a variant.</summary>
    public Func<string, KernelVersion, bool> Supports { get; init; } = (_, _) => true;

    /// <summary>Whether all devices behind an instance live in one address space: then they are one group, as the kernel's driver has it.</summary>
    public bool HasOneAddressSpace { get; init; }

    /// <summary>Whether all domains have the same entries - one table for all, or entries inside the IOMMU: then no two owners can be kept apart.</summary>
    public bool HasOneTable { get; init; }

    /// <summary>Bytes of the smallest page that it maps; of the largest such page among its variants.</summary>
    public ulong PageSize { get; init; } = 4096;

    /// <summary>Builds a platform. The options' variant is one of <see cref="Variants"/>.</summary>
    public required Func<PlatformOptions, Platform> Build { get; init; }

    /// <summary>Builds a platform, with the variant checked.</summary>
    /// <exception cref="ArgumentException">The variant is not one of this room's, or the kernel has no driver for it.</exception>
    public Platform Create(PlatformOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var variant = options.Variant ?? Variants[0];
        if (!Variants.Contains(variant, StringComparer.Ordinal))
            throw new ArgumentException($"{Name} has no variant '{variant}'; it has {string.Join(", ", Variants)}", nameof(options));
        if (!Supports(variant, options.Kernel))
            throw new ArgumentException($"{options.Kernel} has no driver for the {variant} variant of {Name}", nameof(options));
        return Build(options with { Variant = variant });
    }
}
