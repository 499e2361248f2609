using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify;

/// <summary>What can vary when vectors are verified.</summary>
public sealed record VerifyOptions
{
    /// <summary>The IOTLB that silicon is given.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();
}
