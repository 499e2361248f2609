namespace Emulator.Simulations.Shrinking;

/// <summary>Delta debugging: leaves out as many items of a list as possible.</summary>
internal static class DeltaDebugging
{
    /// <summary>Leaves out items, larger parts first, until no single one can be left out.</summary>
    /// <param name="items">All items; with them it fails.</param>
    /// <param name="fails">Whether it fails with some of them too.</param>
    public static IReadOnlyList<T> Minimise<T>(IReadOnlyList<T> items, Func<IReadOnlyList<T>, bool> fails)
    {
        if (items.Count > 0 && fails([]))
            return [];
        for (var part = (items.Count + 1) / 2; part >= 1; part = part == 1 ? 0 : (part + 1) / 2)
        {
            for (var start = 0; start < items.Count;)
            {
                T[] rest = [.. items.Take(start), .. items.Skip(start + part)];
                if (fails(rest))
                    items = rest;
                else
                    start += part;
            }
        }

        return items;
    }
}
