using System.Text;

namespace Emulator.Cli.Tests.Replay;

/// <summary>Bad input to <c>emulator replay</c>: one line on standard error that says where and why, nothing on standard output, exit code 2.</summary>
public sealed class ReplayBadInputTests
{
    private const string Attach = "a-1 [000] ..... 1.000000: attach_device_to_domain: IOMMU: device=0000:00:03.0\n";

    [Fact]
    public async Task A_file_that_is_no_trace_is_refused()
    {
        using var file = new TemporaryFile("hello\n");
        Assert.Equal($"emulator: {file.Path}:1: not an ftrace line (TASK-PID [CPU] FLAGS SECONDS: EVENT: TEXT)", await Refuse(file.Path));
    }

    [Fact]
    public async Task A_trace_that_is_cut_off_is_refused()
    {
        var whole = File.ReadAllBytes(TraceData.Trace("boot"));
        using var file = new TemporaryFile(whole[..5000]);
        var line = await Refuse(file.Path);
        Assert.StartsWith($"emulator: {file.Path}:", line, StringComparison.Ordinal);
        Assert.Contains("cut off", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trace_with_damaged_compressed_data_is_refused()
    {
        var data = TemporaryFile.Gzip(Attach);
        data[12] ^= 0xff;
        using var file = new TemporaryFile(data);
        Assert.StartsWith($"emulator: {file.Path}:", await Refuse(file.Path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_is_named() => Assert.Equal("emulator: /nowhere/my.trace: no such file", await Refuse("/nowhere/my.trace"));

    [Fact]
    public async Task A_directory_is_no_trace()
    {
        var directory = Path.GetTempPath();
        Assert.Equal($"emulator: {directory}: cannot be read", await Refuse(directory));
    }

    [Fact]
    public async Task A_trace_without_IOMMU_events_is_refused()
    {
        using var file = new TemporaryFile("# tracer: nop\na-1 [000] ..... 1.000000: sched_switch: x\n");
        Assert.Equal($"emulator: {file.Path}:2: the trace ends without an event of iommu:* (attach_device_to_domain, map, unmap)", await Refuse(file.Path));
    }

    [Fact]
    public async Task An_empty_trace_is_refused()
    {
        using var file = new TemporaryFile("");
        Assert.Contains("without an event of iommu:*", await Refuse(file.Path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_IOMMU_is_refused() =>
        Assert.Contains("'sparc'", await Refuse(TraceData.Trace("boot"), "--iommu", "sparc"), StringComparison.Ordinal);

    [Theory]
    [InlineData("amd", "boot", "an event of intel")]
    [InlineData("intel", "own-arm64-strict", "an event of arm-smmu-v3")]
    [InlineData("arm-smmu-v3", "own-amd-strict", "an event of amd")]
    public async Task A_DMA_log_of_another_IOMMU_is_refused(string iommu, string log, string reason)
    {
        var line = await Refuse(TraceData.Trace("boot"), "--iommu", iommu, "--dma", TraceData.DmaLog(log));
        Assert.StartsWith($"emulator: {TraceData.DmaLog(log)}:1: ", line, StringComparison.Ordinal);
        Assert.Contains(reason, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trace_in_place_of_the_DMA_log_is_refused() =>
        Assert.StartsWith($"emulator: {TraceData.Trace("boot")}:1: not a line of a QEMU trace", await Refuse(TraceData.Trace("boot"), "--dma", TraceData.Trace("boot")), StringComparison.Ordinal);

    [Fact]
    public async Task A_DMA_log_of_another_run_is_refused() =>
        Assert.Contains("its clock cannot be aligned", await Refuse(TraceData.Trace("boot"), "--dma", TraceData.DmaLog("nvme-randrw-lazy")), StringComparison.Ordinal);

    [Fact]
    public async Task An_option_that_does_not_exist_is_refused() => Assert.Contains("'--speed'", await Refuse(TraceData.Trace("boot"), "--speed"), StringComparison.Ordinal);

    [Fact]
    public async Task A_missing_trace_is_asked_for() => Assert.Contains("replay --help", await Refuse(), StringComparison.Ordinal);

    [Fact]
    public async Task Help_explains_how_to_record_a_trace()
    {
        var (exit, output, error) = await Invoke("--help");
        Assert.Equal((ExitCode.Held, ""), (exit, error));
        Assert.Contains("events/iommu/enable", output, StringComparison.Ordinal);
        Assert.Contains("Examples:", output, StringComparison.Ordinal);
    }

    private static async Task<string> Refuse(params string[] arguments)
    {
        var (exit, output, error) = await Invoke(arguments);
        Assert.Equal((ExitCode.BadInput, ""), (exit, output));
        return Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)).TrimEnd();
    }

    private static async Task<(int Exit, string Output, string Error)> Invoke(params string[] arguments)
    {
        var (output, error) = (new StringBuilder(), new StringBuilder());
        await using var toOutput = new StringWriter(output);
        await using var toError = new StringWriter(error);
        var exit = await EmulatorCommand.InvokeAsync(["replay", .. arguments], toOutput, toError);
        return (exit, output.ToString(), error.ToString());
    }
}
