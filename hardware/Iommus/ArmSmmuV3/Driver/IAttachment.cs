using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>How a kernel moves devices between domains.</summary>
internal interface IAttachment
{
    /// <summary>The entry of a stream that no domain has.</summary>
    StreamTableEntry Unattached { get; }

    IEnumerable<DriverStep> Attach(ArmSmmuV3Domain domain, Master master);

    /// <summary>Takes the device out of its domain.</summary>
    IEnumerable<DriverStep> Detach(Master master);

    /// <summary>The device goes away.</summary>
    IEnumerable<DriverStep> Release(Master master);
}
