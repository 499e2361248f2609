namespace Emulator.Hardware.Iommus.Msm;

/// <summary>What the driver knows of one instance (struct msm_iommu_dev) and of the one master that it can have (struct msm_iommu_ctx_dev).</summary>
internal sealed class MsmUnit(int number, int banks)
{
    private readonly bool[] _taken = new bool[banks];

    public int Number { get; } = number;

    // The master's device; null: none yet.
    public string? Master { get; set; }

    public List<int> Mids { get; } = [];

    // The master's bank (num): 0 also before the first attach; an attach without a free bank leaves it negative. No detach sets it back.
    public int Bank { get; set; }

    // The domain whose list it was put into last (dom_node).
    public MsmDomain? Domain { get; private set; }

    public int? TakeBank()
    {
        var bank = Array.IndexOf(_taken, false);
        if (bank < 0)
            return null;
        _taken[bank] = true;
        return bank;
    }

    public void FreeBank() => _taken[Bank] = false;

    // list_add with the checks of CONFIG_DEBUG_LIST: nothing for a list that it is in.
    public void LinkTo(MsmDomain domain)
    {
        if (Domain == domain)
            return;
        Domain?.Attached.Remove(this);
        domain.Attached.Insert(0, this);
        Domain = domain;
    }
}
