using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.S390;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of zPCI translation: two functions, the domains A and B, and the DMA API's own tables. The record holds instructions; operands and
/// condition codes are register accesses here and are not recorded.</summary>
public sealed class S390Lives
{
    private const int ProcessCpu = 0;
    private const int EventCpu = 1;
    private const long NotEnoughMemory = -12;

    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly S390Iommu _silicon;
    private readonly S390Driver _driver;
    private readonly uint[] _handles;
    private readonly Dictionary<string, IommuDomain> _domains = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _attached = new(StringComparer.Ordinal);
    private readonly Queue<long> _refreshes = new();
    private long _planted;

    private S390Lives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var parameters = vector.GetProperty("params");
        _handles = [.. parameters.Items("fh").Select(handle => (uint)handle.Word())];
        var ends = parameters.Items("end_dma").Select(end => end.Word()).ToArray();
        var refreshes = parameters.Items("tlb_refresh").Select(flag => flag.Word() != 0).ToArray();
        var functions = _handles.Select((handle, i) => new S390Function
        {
            Handle = handle & ~S390Function.EnabledHandle,
            Start = parameters.Word("start_dma"),
            End = ends[i],
            NeedsRefresh = refreshes[i],
        });

        // The recording had no hypervisor: a function that needs refreshes is translated by its tables all the same.
        _silicon = new S390Iommu("zpci", life.Memory, new S390Options { Functions = [.. functions], Iotlb = run.Options.Iotlb, Shadowing = false });
        _driver = new S390Driver(KernelVersion.Linux61, life.Memory, life.Frames, new S390DriverOptions { Strict = parameters.Flag("strict") });
        life.Connect(new Bus(life.Memory, _silicon), (string?)null);
        life.Interpret = Interpret;
        for (var i = 0; i < _handles.Length; i++)
        {
            var device = Device($"dev{i}");
            life.Perform(_driver.EnableFunction(device));
            if (GuestDesignation(_handles[i]) is { } designation)
                _driver.GiveToGuest(device, designation);
        }
    }

    private S390PageTable Table => ((S390Domain)_domains["A"]).Table!;

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run, bigEndian: true);
        var zpci = new S390Lives(vector, run, life);
        life.Run(zpci.Perform, zpci.Probe);
    }

    private static DmaDevice Device(string name) => new(name, new StreamId(name == "dev0" ? 0u : 1));

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        _refreshes.Clear();
        foreach (var refresh in step.Items("mmio").Where(entry => entry[0].GetString() == "rpcit"))
            _refreshes.Enqueue(refresh[4].GetInt64());
        switch (step.Text("step"))
        {
            case "dma_init":
                _life.Perform(step, _driver.InitialiseDmaApi(Device(args.Text("dev"))));
                break;
            case "domain_alloc":
                _domains[args.Text("domain")] = _driver.AllocateDomain((DomainType)args.Word("type"));
                break;
            case "domain_free":
                _life.Perform(step, _driver.FreeDomain(_domains[args.Text("domain")]));
                break;
            case "attach":
                _attached.Remove(args.Text("dev"));
                if (_life.Perform(step, _driver.Attach(_domains[args.Text("domain")], Device(args.Text("dev")))) == 0)
                    _attached[args.Text("dev")] = args.Text("domain");
                break;
            case "detach":
                _life.Perform(step, _driver.Detach(_domains[args.Text("domain")], Device(args.Text("dev"))));
                _attached.Remove(args.Text("dev"));
                break;
            case "release_device":
                _life.Perform(step, _driver.ReleaseDevice(Device(args.Text("dev"))));
                _attached.Remove(args.Text("dev"));
                break;
            case "map":
                var (iova, physical, protection) = (args.Word("iova"), args.Word("pa"), (Protection)args.Word("prot"));
                Change(step, args.Text("via") == "core"
                    ? _driver.Map(_domains["A"], iova, physical, args.Word("size"), protection)
                    : _driver.MapRun(_domains["A"], iova, physical, args.Word("pgsize") * args.Word("count"), protection));
                break;
            case "unmap":
                Change(step, args.Text("via") == "core"
                    ? _driver.Unmap(_domains["A"], args.Word("iova"), args.Word("size"))
                    : _driver.UnmapRun(_domains["A"], args.Word("iova"), args.Word("pgsize") * args.Word("count")));
                break;
            case "flush":
                _life.Perform(step, _driver.FlushAll(_domains["A"]));
                break;
            case "dma_map":
                MapDma(step, args);
                break;
            case "dma_unmap":
                _life.Perform(step, _driver.UnmapDma(Device(args.Text("dev")), args.Word("iova"), args.Word("size")));
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    private void Change(JsonElement step, IEnumerable<DriverStep> sequence)
    {
        var warnings = Table.Tables.Warnings;
        _life.Perform(step, sequence);
        _run.Check("warns", (int)(step.OptionalWord("warns") ?? 0), Table.Tables.Warnings - warnings);
    }

    private void MapDma(JsonElement step, JsonElement args)
    {
        var device = Device(args.Text("dev"));
        var (physical, direction) = (args.Word("pa") + args.Word("offset"), (S390DmaDirection)args.Word("dir"));
        var iova = (ulong)_life.Perform(step, _driver.MapDma(device, physical, args.Word("size"), direction));
        CheckDma(device, iova, physical, direction is S390DmaDirection.Bidirectional or S390DmaDirection.FromDevice);
    }

    // The guest that a function was given to is not among the vector's parameters.
    private uint? GuestDesignation(uint handle)
    {
        foreach (var entry in _vector.Items("steps").SelectMany(step => step.Items("mmio")).Where(entry => entry[0].GetString() == "mpcifc"))
        {
            if (entry[1].Word() >> 32 == handle)
                return (uint)entry[2].Word("gd");
        }

        return null;
    }

    private List<RecordedOperation> Interpret(DriverStep step)
    {
        var write = step.Kind == DriverStepKind.WriteRegister;
        if (write && step.Address == S390Registers.Of(ProcessCpu, S390Registers.ModifyControls))
        {
            var (first, last, iota) = (Operand(S390Registers.FibBase), Operand(S390Registers.FibLimit), Operand(S390Registers.FibIota));
            return [RecordedOperation.Of("mpcifc", step.Value, first, last, iota, Operand(S390Registers.FibGuestDesignation, 4))];
        }

        if (write && step.Address == S390Registers.Of(ProcessCpu, S390Registers.Refresh))
        {
            _planted = _refreshes.TryDequeue(out var result) ? result : 0;
            var (address, length) = (Operand(S390Registers.RefreshAddress), Operand(S390Registers.RefreshLength));
            return [RecordedOperation.Of("rpcit", step.Value, address, length, (ulong)_planted)];
        }

        if (!write && _planted != 0 && step.Address == S390Registers.Of(ProcessCpu, S390Registers.ConditionCode))
            PlantFailure();
        return [];
    }

    private ulong Operand(ulong register, int width = 8) => _silicon.Registers.Read(S390Registers.Of(ProcessCpu, register), width);

    // What the recorded RPCIT answered to the kernel: insufficient resources, or anything else.
    private void PlantFailure()
    {
        var status = _planted == NotEnoughMemory ? S390Status.InsufficientResources : S390Status.NotAvailable;
        Register(S390Registers.ConditionCode).Value = 1;
        Register(S390Registers.Refresh).Value = (ulong)status << 24;
        _planted = 0;

        Hardware.Registers.Register Register(ulong offset) => _silicon.Registers.Registers.First(register => register.Offset == S390Registers.Of(ProcessCpu, offset));
    }

    private void Probe()
    {
        var walker = new S390Walker(_life.Memory, zeroEntryIsInvalid: true);
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            _run.Check($"software lookup of 0x{iova:x}", expected, Table.Lookup(iova));
            var found = walker.Walk(Table.Tables.Root, iova, out var walk) == S390EventCode.None;
            _run.Check($"walk of 0x{iova:x}", expected, found ? walk.Output : null);
            foreach (var (name, _) in _attached.Where(pair => pair.Value == "A"))
                CheckDma(Device(name), iova, expected + (iova & 0xfff), (walk.Permissions & PagePermissions.Write) != 0);
        }
    }

    // A refused DMA leaves the function in error; the recording knows nothing of that.
    private void CheckDma(DmaDevice device, ulong iova, ulong? expected, bool writable)
    {
        var completion = new DmaCompletion[1];
        foreach (var access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write])
        {
            _silicon.Translate([new DmaRequest(device.Stream, new Iova(iova), access, 1)], completion);
            var landed = completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : (ulong?)null;
            _run.Check($"{access} of 0x{iova:x} by {device.Name}", access == DmaAccess.Read || writable ? expected : null, landed);
            if (!_silicon.InterruptAsserted)
                continue;
            _silicon.Registers.Write(S390Registers.EventStatus, 4, 1);
            var request = S390Registers.Request(_handles[device.Stream.Value], S390Operation.ResetError);
            _silicon.Registers.Write(S390Registers.Of(EventCpu, S390Registers.ModifyControls), 8, request);
        }
    }
}
