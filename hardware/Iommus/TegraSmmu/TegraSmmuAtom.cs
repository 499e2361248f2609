using System.Runtime.CompilerServices;

namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>The words of an atom; chips with smaller atoms use the first of them.</summary>
[InlineArray(MaxWords)]
internal struct TegraSmmuAtom
{
    public const int MaxWords = 16;

    private uint _first;
}
