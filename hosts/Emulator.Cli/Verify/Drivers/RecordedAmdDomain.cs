using System.Text.Json;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.AmdVi;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>A domain of a recorded AMD life: its page table lies where the record says and has nothing in it.</summary>
public sealed class RecordedAmdDomain : AmdViDomain
{
    private const int GuestPageTable = 8;
    private const int GuestIo = 16;
    private AmdViPaging _paging;

    /// <summary>Reads <c>params.domains.NAME</c>.</summary>
    public RecordedAmdDomain(string name, JsonElement domain)
        : base(name == "IDENTITY" ? DomainType.Identity : DomainType.Unmanaged, (ushort)domain.Word("id"))
    {
        var flags = (int)domain.Word("flags");
        var mode = (int)domain.Word("mode");
        _paging = new AmdViPaging(
            mode,
            mode == 0 ? 0 : domain.Word("root"),
            (flags & GuestPageTable) != 0 ? domain.Word("gcr3") : null,
            (int)domain.Word("glx"),
            (flags & GuestIo) != 0);
    }

    /// <inheritdoc/>
    public override AmdViPaging Paging => _paging;

    /// <summary>The page table grew to a number of levels.</summary>
    public void Grow(int levels) => _paging = _paging with { Mode = levels };
}
