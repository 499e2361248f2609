using Emulator.Cli.Run.Fio;
using Emulator.Hardware.Devices;

namespace Emulator.Cli.Tests.Run.Fio;

/// <summary>fio's job files: what queues they make, and what is refused with file, line, option and reason.</summary>
public class FioJobFileTests
{
    [Fact]
    public void Random_reads_of_4k_are_a_queue_for_each_job()
    {
        var queues = Read("[global]\nioengine=libaio\ndirect=1\nthread\ngroup_reporting\n\n[randread]\nrw=randread\nbs=4k\niodepth=64\nnumjobs=4\nsize=1g\n");
        Assert.Equal(Enumerable.Repeat(new NvmeQueue { Ios = 262_144, BlockSize = 4096, Depth = 64, ReadShare = 1 }, 4), queues);
    }

    [Theory]
    [InlineData("rwmixread=70", 0.7)]
    [InlineData("rwmixwrite=70", 0.3)]
    [InlineData("rwmixwrite=70\nrwmixread=60", 0.6)]
    [InlineData("", 0.5)]
    public void A_mix_reads_its_share_until_its_time_is_over(string mix, double share) =>
        Assert.Equal(
            [new NvmeQueue { Ios = long.MaxValue, BlockSize = 8192, Depth = 1, ReadShare = share, Runtime = 5e6 }],
            Read($"[mix]\nreadwrite=randrw\n{mix}\nbs=8k\nruntime=5ms\ntime_based\nsize=1m"));

    [Fact]
    public void Without_time_based_the_size_ends_a_job_before_its_time()
    {
        var queue = Assert.Single(Read("[seq]\nrw=write\nbs=128k\nsize=1000k\nruntime=1m\niodepth=8"));
        Assert.Equal((7L, 131_072, 8, 0.0, 60e9), (queue.Ios, queue.BlockSize, queue.Depth, queue.ReadShare, queue.Runtime!.Value));
    }

    [Fact]
    public void Fios_defaults_are_sequential_reads_of_4k_one_at_a_time() =>
        Assert.Equal([new NvmeQueue { Ios = 2, BlockSize = 4096, Depth = 1, ReadShare = 1 }], Read("[job]\nsize=8192"));

    [Fact]
    public void A_global_section_speaks_for_those_below_it_and_a_stonewall_waits_for_those_above()
    {
        var queues = Read(
            """
            ; before everything
            [global]
            bs = 16k     ; behind a value
            size=1m
            [a]
            rw=read
            [b]
            rw=write     # likewise
            [global]
            bs=64k
            [c]
            stonewall
            [d]
            bs=512
            [e]
            wait_for_previous=1
            [f]
            stonewall=0
            """);
        Assert.Equal([(64L, 0), (64L, 0), (16L, 1), (2048L, 1), (16L, 2), (16L, 2)], queues.Select(queue => (queue.Ios, queue.Stage)));
    }

    [Theory]
    [InlineData("bs=4k,64k", "read", 4096)]
    [InlineData("bs=4k,64k", "write", 65_536)]
    [InlineData("bs=64k,", "write", 4096)]
    [InlineData("bs=,64k", "read", 4096)]
    [InlineData("blocksize=8kb", "randwrite", 8192)]
    [InlineData("bs=1M", "read", 1 << 20)]
    [InlineData("bs=8k,8k,1m", "randrw", 8192)]
    public void A_block_size_may_say_reads_and_writes_apart(string option, string direction, int bytes) =>
        Assert.Equal(bytes, Assert.Single(Read($"[job]\nrw={direction}\n{option}\nsize=1g")).BlockSize);

    [Theory]
    [InlineData("10", 10e9)]
    [InlineData("10s", 10e9)]
    [InlineData("250us", 250e3)]
    [InlineData("2m", 120e9)]
    public void A_time_is_in_seconds_unless_it_says_otherwise(string text, double nanoseconds) =>
        Assert.Equal(nanoseconds, Assert.Single(Read($"[job]\nruntime={text}")).Runtime);

    [Theory]
    [InlineData("[a]\nsize=1m\nfsync=1", 3, "fsync: this option of fio has no meaning here")]
    [InlineData("[a]\nsize=1m\nbsrange=1k-4k", 3, "bsrange: this option")]
    [InlineData("[a]\nsize=1m\nrw=trim", 3, "rw: 'trim' is not one of read, write")]
    [InlineData("[a]\nsize=1m\nrw=randtrim", 3, "rw: 'randtrim' is not one of")]
    [InlineData("[a]\nsize=1m\nrw=read:8", 3, "rw: 'read:8' is not one of")]
    [InlineData("[a]\nsize=1m\nrw", 3, "rw: '' is not one of")]
    [InlineData("[a]\nbs=4000", 2, "bs: 4000 is no multiple of 512 bytes up to 2m")]
    [InlineData("[a]\nbs=4m", 2, "bs: 4m is no multiple of 512")]
    [InlineData("[a]\nbs=4Ki", 2, "bs: '4Ki' is not a size")]
    [InlineData("[a]\nbs=1k,2k,3k,4k", 2, "bs: '1k,2k,3k,4k' has more than three sizes")]
    [InlineData("[a]\nsize=20%", 2, "size: '20%' is not a size")]
    [InlineData("[a]\nsize=0", 2, "size: '0' is not a size")]
    [InlineData("[a]\nsize=9999999999g", 2, "size: '9999999999g' is not a size")]
    [InlineData("[a]\niodepth=0", 2, "iodepth: '0' is not a whole number from 1 to 1024")]
    [InlineData("[a]\nnumjobs=two", 2, "numjobs: 'two' is not a whole number from 1 to 64")]
    [InlineData("[a]\nrwmixread=101", 2, "rwmixread: '101' is not a whole number from 0 to 100")]
    [InlineData("[a]\nruntime=2h", 2, "runtime: '2h' is not a time of up to 1000 s")]
    [InlineData("[a]\ntime_based=yes", 2, "time_based: 'yes' is not 0 or 1")]
    [InlineData("bs=4k\n[a]", 1, "bs: stands before the first section")]
    [InlineData("[a\nbs=4k", 1, "[a: a section's name ends with ]")]
    [InlineData("[a]\n=4k", 2, "a line without a name")]
    [InlineData("; nothing\n[global]\nbs=4k", 1, "has no section but [global]")]
    [InlineData("\n[a]\nbs=4k", 2, "a: there is neither a size nor a runtime to end it")]
    [InlineData("[a]\nsize=1m\ntime_based", 1, "a: time_based needs a runtime")]
    [InlineData("[a]\nsize=1k", 1, "a: a size of 1024 bytes is less than one block of 4096")]
    [InlineData("[a]\nrw=rw\nbs=4k,8k\nsize=1m", 1, "a: reads of 4096 and writes of 8192 bytes in one job")]
    [InlineData("[a]\nsize=1m\nnumjobs=40\n[b]\nsize=1m\nnumjobs=40", 4, "b: with this section there are 80 jobs, the drive has 64 queues")]
    public void A_mistake_is_refused_with_line_and_option(string text, int line, string message) =>
        Assert.StartsWith($"jobs.fio:{line}: {message}", Assert.Throws<BadInputException>(() => Read(text)).Message, StringComparison.Ordinal);

    private static IReadOnlyList<NvmeQueue> Read(string text)
    {
        using var reader = new StringReader(text);
        return FioJobFile.Read("jobs.fio", reader);
    }
}
