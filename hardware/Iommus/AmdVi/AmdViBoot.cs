using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>Bring-up: the registers in the order in which the kernel writes them.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/amd/init.c, early_enable_iommu and what it calls.</remarks>
internal sealed class AmdViBoot(AmdViDeviceTable table, AmdViCommandQueue queue, ulong eventLog, KernelVersion kernel, AmdViDriverOptions options)
{
    private static readonly int[] DisabledFirst =
    [
        AmdViControl.CommandBuffer, AmdViControl.EventInterrupt, AmdViControl.EventLog, AmdViControl.GaLog, AmdViControl.GaInterrupt,
        AmdViControl.PprLog, AmdViControl.PprInterrupt, AmdViControl.Enable, AmdViControl.InterruptCacheDisable,
    ];

    private static readonly int[] FirmwareFlags =
        [AmdViControl.HtTunnel, AmdViControl.PassPostedWrite, AmdViControl.ResponsePassPostedWrite, AmdViControl.Isochronous];

    /// <summary>Enables one bit of the control register (iommu_feature_enable).</summary>
    public static IEnumerable<DriverStep> Enable(int bit) => Change(control => control | (1UL << bit));

    /// <summary>Disables one bit (iommu_feature_disable).</summary>
    public static IEnumerable<DriverStep> Disable(int bit) => Change(control => control & ~(1UL << bit));

    /// <summary>The whole sequence, for the features that were read.</summary>
    public IEnumerable<DriverStep> Run(AmdViFeatures features)
    {
        foreach (var step in Sequence(features).SelectMany(part => part))
            yield return step;
    }

    private static IEnumerable<DriverStep> Change(Func<ulong, ulong> change)
    {
        var read = DriverStep.Read(AmdViRegisters.Control, 8);
        yield return read;
        yield return DriverStep.Write(AmdViRegisters.Control, change(read.Value), 8);
    }

    private IEnumerable<IEnumerable<DriverStep>> Sequence(AmdViFeatures features)
    {
        yield return table.Initialise();
        foreach (var (id, bit) in options.FirmwareBits)
            yield return table.SetFirmwareBit(id, bit);

        foreach (var bit in DisabledFirst.Concat(FirmwareFlags))
            yield return Disable(bit);
        yield return Enable(AmdViControl.Coherent);
        yield return Change(control => (control & ~(7UL << AmdViControl.InvalidationTimeoutShift))
            | (AmdViControl.InvalidationTimeoutOneSecond << AmdViControl.InvalidationTimeoutShift));
        yield return [DriverStep.Write(AmdViRegisters.DeviceTableBase, table.Address | ((table.Size >> 12) - 1), 8)];
        yield return EnableCommands();
        yield return EnableEvents();
        if (options.Exclusion is { } exclusion)
            yield return [DriverStep.Write(AmdViRegisters.ExclusionBase, exclusion.First | 1, 8), DriverStep.Write(AmdViRegisters.ExclusionLimit, exclusion.Last, 8)];
        if (kernel != KernelVersion.Linux61 && features.GuestTranslation)
            yield return Enable(AmdViControl.GuestTranslation);
        yield return Enable(AmdViControl.Enable);
        yield return Flush(features);
        if (kernel == KernelVersion.Linux61 && features.GuestTranslation)
            yield return Enable(AmdViControl.GuestTranslation);
        yield return Enable(AmdViControl.EventInterrupt);
    }

    private IEnumerable<DriverStep> EnableCommands()
    {
        yield return DriverStep.Write(AmdViRegisters.CommandBufferBase, queue.Address | AmdViRegisters.RingOf512, 8);
        foreach (var step in Disable(AmdViControl.CommandBuffer))
            yield return step;
        yield return DriverStep.Write(AmdViRegisters.CommandHead, 0);
        yield return DriverStep.Write(AmdViRegisters.CommandTail, 0);
        queue.Reset();
        foreach (var step in Enable(AmdViControl.CommandBuffer))
            yield return step;
    }

    private IEnumerable<DriverStep> EnableEvents()
    {
        yield return DriverStep.Write(AmdViRegisters.EventLogBase, eventLog | AmdViRegisters.RingOf512, 8);
        yield return DriverStep.Write(AmdViRegisters.EventHead, 0);
        yield return DriverStep.Write(AmdViRegisters.EventTail, 0);
        foreach (var step in Enable(AmdViControl.EventLog))
            yield return step;
    }

    // iommu_flush_all_caches
    private IEnumerable<DriverStep> Flush(AmdViFeatures features)
    {
        if (features.InvalidateAll)
        {
            foreach (var step in queue.Queue(AmdViCommand.InvalidateEverything()).Concat(queue.CompletionWait()))
                yield return step;
            yield break;
        }

        for (var id = 0; id <= options.LastDeviceId; id++)
        {
            foreach (var step in queue.Queue(AmdViCommand.InvalidateDevice((ushort)id)))
                yield return step;
        }

        foreach (var step in queue.CompletionWait())
            yield return step;
        for (var id = 0; id <= options.LastDeviceId; id++)
        {
            foreach (var step in queue.Queue(AmdViCommand.InvalidateInterrupts((ushort)id)))
                yield return step;
        }

        foreach (var step in queue.CompletionWait())
            yield return step;
        for (var id = 0; id <= options.LastDeviceId; id++)
        {
            foreach (var step in queue.Queue(AmdViCommand.InvalidatePages((ushort)id, 0, AmdViCommand.AllPages)))
                yield return step;
        }

        foreach (var step in queue.CompletionWait())
            yield return step;
    }
}
