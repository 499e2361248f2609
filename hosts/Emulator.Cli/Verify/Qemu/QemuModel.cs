using System.Text.Json;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.Qemu;

/// <summary>One of QEMU's IOMMU models, as a case needs it.</summary>
/// <param name="Ram">The RAM of the machine that the cases were recorded on.</param>
/// <param name="Build">Makes our silicon with the case's identification registers and, with a geometry that is disabled, without any caching,
/// configuration caches included.</param>
public sealed record QemuModel(MemoryRange[] Ram, Func<JsonElement, PhysicalMemory, IotlbGeometry, IIommu> Build);
