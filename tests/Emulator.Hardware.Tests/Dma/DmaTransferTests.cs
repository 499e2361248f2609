using CsCheck;
using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Tests.Dma;

public sealed class DmaTransferTests
{
    [Fact]
    public void A_transfer_across_a_4_KiB_boundary_becomes_two_requests()
    {
        var requests = new DmaRequest[2];
        var first = new DmaRequest(new StreamId(3), new Iova(0x1fe0), DmaAccess.Write) { Tag = 9 };
        Assert.Equal(2, DmaTransfer.Split(first, 64, requests));
        Assert.Equal((new Iova(0x1fe0), (ushort)32, (ushort)9), (requests[0].Iova, requests[0].Length, requests[0].Tag));
        Assert.Equal((new Iova(0x2000), (ushort)32, DmaAccess.Write), (requests[1].Iova, requests[1].Length, requests[1].Access));
        Assert.Throws<ArgumentException>(() => DmaTransfer.Split(first, 5000, requests));
    }

    [Fact]
    public void Every_byte_is_in_exactly_one_request_and_none_crosses_a_boundary() =>
        Gen.Select(Gen.ULong[0, 1UL << 40], Gen.Int[1, 20_000]).Sample((start, length) =>
        {
            var requests = new DmaRequest[DmaTransfer.CountRequests(new Iova(start), length)];
            DmaTransfer.Split(new DmaRequest(new StreamId(1), new Iova(start), DmaAccess.Read), length, requests);
            var next = start;
            foreach (var request in requests)
            {
                if (request.Iova.Value != next || request.Length == 0 || (request.Iova.Value & 4095) + request.Length > 4096)
                    return false;
                next += request.Length;
            }

            return next == start + (ulong)length;
        });
}
