using Emulator.Hardware.Iommus.AppleDart;
using Emulator.Hardware.Iommus.ArmSmmuV3;

namespace Emulator.Hardware.Iommus;

/// <summary>All kinds of IOMMU that are modelled. A new one is a folder and a line here.</summary>
public static class IommuCatalog
{
    /// <summary>The rooms, in the order of the mail's list.</summary>
    public static IReadOnlyList<IommuRoom> Rooms { get; } =
    [
        AppleDartRoom.Room,
        Exynos.ExynosRoom.Room,
        IpmmuVmsa.IpmmuVmsaRoom.Room,
        MtkV1.MtkV1Room.Room,
        Mtk.MtkRoom.Room,
        Rockchip.RockchipRoom.Room,
        Sprd.SprdRoom.Room,
        Sun50i.Sun50iRoom.Room,
        AmdVi.AmdViRoom.Room,
        QcomIommu.QcomIommuRoom.Room,
        IntelVtd.IntelVtdRoom.Room,
        FslPamu.FslPamuRoom.Room,
        Msm.MsmRoom.Room,
        Omap.OmapRoom.Room,
        S390.S390Room.Room,
        TegraGart.TegraGartRoom.Room,
        TegraSmmu.TegraSmmuRoom.Room,
        ArmSmmu.ArmSmmuRoom.Room,
        ArmSmmuV3Room.Room,
    ];

    /// <summary>Finds a room by its name.</summary>
    /// <returns>The room, or null.</returns>
    public static IommuRoom? Find(string name) => Rooms.FirstOrDefault(room => room.Name == name);
}
