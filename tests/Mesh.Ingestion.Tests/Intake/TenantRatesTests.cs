using Mesh.Ingestion.Intake;

namespace Mesh.Ingestion.Tests.Intake;

public sealed class TenantRatesTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void Records_have_their_own_rates_by_kind_and_share_the_one_of_bytes()
    {
        var rates = new TenantRates(
            new IntakeOptions { SamplesPerSecond = 1, LogsPerSecond = 2, SpansPerSecond = 1, EventsPerSecond = 1, RecordBytesPerSecond = 100 }, _time);

        Assert.Null(rates.TakeAll("acme", RecordKind.Logs, 20, 100));
        Assert.Equal(TimeSpan.FromSeconds(1.5), rates.TakeAll("acme", RecordKind.Logs, 3, 100));
        Assert.Null(rates.TakeAll("acme", RecordKind.Spans, 1, 900));
        Assert.Equal(TimeSpan.FromSeconds(2), rates.TakeAll("acme", RecordKind.Events, 10, 200));
        Assert.Null(rates.TakeAll("other", RecordKind.Events, 10, 200));
        Assert.Equal(10, rates.Take("acme", 11));

        // What the bytes refused has cost none of the ten events.
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(rates.TakeAll("acme", RecordKind.Events, 10, 200));
    }

    [Fact]
    public void A_full_bucket_gives_any_amount_once()
    {
        var rates = new TenantRates(new IntakeOptions { LogsPerSecond = 1 }, _time);
        Assert.Null(rates.TakeAll("acme", RecordKind.Logs, 25, 1));
        Assert.Equal(TimeSpan.FromSeconds(16), rates.TakeAll("acme", RecordKind.Logs, 1, 1));
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;
    }
}
