using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>The registers of the page request queue. No page request arrives on this bus, so the queue stays empty; answers to it (CMD_PRI_RESP) are
/// consumed without effect.</summary>
internal sealed class PageRequestQueue
{
    public PageRequestQueue(PhysicalMemory memory, RegisterFile file)
    {
        file.Add(ArmSmmuV3Registers.PriqBase, 8, "PRIQ_BASE", fields: "LOG2SIZE 4:0, ADDR 51:5, WA 62", writable: () => !Enabled);
        file.Add(ArmSmmuV3Registers.PriqProd, 4, "PRIQ_PROD", fields: "WR 19:0, OVFLG 31", writable: () => !Enabled);
        file.Add(ArmSmmuV3Registers.PriqCons, 4, "PRIQ_CONS", fields: "RD 19:0, OVACKFLG 31");
        _ = new InterruptMessage(memory, file, "PRIQ", ArmSmmuV3Registers.PriqIrqCfg0, ArmSmmuV3Registers.PriqIrqCfg1, ArmSmmuV3Registers.PriqIrqCfg2);
    }

    /// <summary>CR0.PRIQEN as acknowledged.</summary>
    public bool Enabled { get; set; }
}
