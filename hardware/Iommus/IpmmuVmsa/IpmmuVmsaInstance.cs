namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>What the driver knows of one instance.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/ipmmu-vmsa.c:58-72, struct ipmmu_vmsa_device.</remarks>
internal sealed class IpmmuVmsaInstance
{
    private readonly bool[] _taken;

    public IpmmuVmsaInstance(int unit, IpmmuVmsaHardware hardware, IpmmuVmsaInstance? root)
    {
        Unit = unit;
        Root = root ?? this;
        _taken = new bool[hardware.Contexts];
        Domains = new IpmmuVmsaDomain?[hardware.Contexts];
        Contexts = new int?[hardware.MicroTlbs];
    }

    public int Unit { get; }

    public IpmmuVmsaInstance Root { get; }

    public bool IsRoot => Root == this;

    // Roots: the domain that has a context.
    public IpmmuVmsaDomain?[] Domains { get; }

    // utlb_ctx: the context that each micro-TLB was enabled for.
    public int?[] Contexts { get; }

    public void Reserve(int context) => _taken[context] = true;

    // The lowest that is free; null when all are taken.
    public int? Take(IpmmuVmsaDomain domain)
    {
        var context = Array.IndexOf(_taken, false);
        if (context < 0)
            return null;
        _taken[context] = true;
        Domains[context] = domain;
        return context;
    }

    public void Return(int context)
    {
        _taken[context] = false;
        Domains[context] = null;
    }
}
