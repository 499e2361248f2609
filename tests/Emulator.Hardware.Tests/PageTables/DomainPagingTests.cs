using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.PageTables;

public sealed class DomainPagingTests
{
    private const ulong Sizes = (1UL << 12) | (1UL << 21) | (1UL << 30);

    [Theory]
    [InlineData(0x1000UL, 0x1000UL, 0x1000UL, 0x1000UL, 1UL)]
    [InlineData(0x1ff000UL, 0x1ff000UL, 0x401000UL, 0x1000UL, 1UL)] // up to the 2 MiB boundary first
    [InlineData(0x200000UL, 0x200000UL, 0x400000UL, 0x200000UL, 2UL)]
    [InlineData(0x200000UL, 0x201000UL, 0x400000UL, 0x1000UL, 0x400UL)] // never aligned together: small pages throughout
    [InlineData(0x40000000UL, 0x80000000UL, 0x40000000UL, 0x40000000UL, 1UL)]
    [InlineData(0UL, 0UL, 0x40201000UL, 0x40000000UL, 1UL)]
    public void The_largest_page_that_fits_is_chosen_with_its_count(ulong iova, ulong physical, ulong size, ulong page, ulong count) =>
        Assert.Equal((page, count), DomainPaging.ChoosePage(Sizes, iova, physical, size));
}
