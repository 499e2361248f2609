using System.Runtime.CompilerServices;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Translation;

public sealed class ConfigurationCacheTests
{
    [Fact]
    public void An_entry_stays_until_it_is_invalidated()
    {
        var cache = new ConfigurationCache<int>();
        cache.Insert(3, 30);
        cache.Insert(4, 40);
        Assert.Equal(30, cache.Find(3));
        var generation = cache.Generation;
        Assert.True(cache.Invalidate(3));
        Assert.NotEqual(generation, cache.Generation);
        Assert.True(Unsafe.IsNullRef(ref cache.Find(3)));
        Assert.Equal(1, cache.Invalidate((_, value) => value == 40));
        Assert.Equal(0, cache.Count);
    }

    [Fact]
    public void A_full_cache_drops_all_and_a_cache_without_capacity_keeps_nothing()
    {
        var small = new ConfigurationCache<int>(capacity: 2);
        small.Insert(1, 1);
        small.Insert(2, 2);
        small.Insert(2, 3);
        Assert.Equal(2, small.Count);
        small.Insert(3, 3);
        Assert.Equal(1, small.Count);

        var none = new ConfigurationCache<int>(capacity: 0);
        none.Insert(1, 1);
        Assert.True(Unsafe.IsNullRef(ref none.Find(1)));
    }
}
