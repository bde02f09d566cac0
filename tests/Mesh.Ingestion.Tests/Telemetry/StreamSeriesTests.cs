using Mesh.Common.Errors;
using Mesh.Ingestion.Telemetry;

namespace Mesh.Ingestion.Tests.Telemetry;

public sealed class StreamSeriesTests
{
    private static readonly byte[] Form = new byte[10_000];

    [Fact]
    public void All_streams_together_remember_a_bounded_number_of_bytes_and_a_tenant_half_of_them()
    {
        var room = new StreamRoom(4 << 20);
        using (var greedy = new StreamSeries(room.Enter("acme")))
        using (var second = new StreamSeries(room.Enter("acme")))
        using (var other = new StreamSeries(room.Enter("other")))
        {
            var declared = 0;
            var refused = Assert.Throws<MeshException>(() =>
            {
                // The same number, again and again.
                for (; declared < 1_000; declared++)
                    Assert.True(greedy.Declare(7, 1, "acme", Form, 1));
            });
            Assert.NotNull(refused.RetryAfter);
            Assert.InRange(declared, 50, 210);
            Assert.True(other.Declare(1, 1, "other", Form, 1));

            // A number that is large makes the stream's table large.
            Assert.Throws<MeshException>(() => second.Declare(StreamSeries.MaxRef, 1, "acme", Form, 1));
        }

        Assert.Equal(0, room.Used);
        using var later = new StreamSeries(room.Enter("acme"));
        Assert.True(later.Declare(1, 1, "acme", Form, 1));
    }
}
