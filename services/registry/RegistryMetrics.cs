using System.Diagnostics.Metrics;

namespace Mesh.Registry;

/// <summary>What the registry counts.</summary>
public sealed class RegistryMetrics
{
    public const string MeterName = "Mesh.Registry";

    private readonly Counter<long> received;
    private readonly Counter<long> sent;
    private readonly Counter<long> stored;
    private readonly Counter<long> requests;
    private readonly UpDownCounter<long> transfers;
    private readonly Counter<long> removedBlobs;
    private readonly Counter<long> removedBytes;
    private readonly Counter<long> removedUploads;

    public RegistryMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(MeterName);
        received = meter.CreateCounter<long>("mesh.registry.received", "By", "Bytes of blobs received.");
        sent = meter.CreateCounter<long>("mesh.registry.sent", "By", "Bytes of blobs sent.");
        stored = meter.CreateCounter<long>("mesh.registry.blobs.stored", "{blob}", "Blobs verified and published.");
        requests = meter.CreateCounter<long>("mesh.registry.requests", "{request}", "Requests under /v2/ by route, method and status.");
        transfers = meter.CreateUpDownCounter<long>("mesh.registry.transfers", "{transfer}", "Transfers of blobs that run now, by direction.");
        removedBlobs = meter.CreateCounter<long>("mesh.registry.collected.blobs", "{blob}", "Blobs removed by collection.");
        removedBytes = meter.CreateCounter<long>("mesh.registry.collected.bytes", "By", "Bytes removed by collection.");
        removedUploads = meter.CreateCounter<long>("mesh.registry.collected.uploads", "{upload}", "Abandoned uploads removed by collection.");
    }

    public void Received(long bytes) => received.Add(bytes);

    public void Sent(long bytes) => sent.Add(bytes);

    public void BlobStored() => stored.Add(1);

    public void Request(string route, string method, int status) => requests.Add(
        1, new("route", route), new("method", method), new KeyValuePair<string, object?>("status", status));

    /// <summary>Counts a transfer as running until it is disposed.</summary>
    public Transfer Begin(string direction)
    {
        transfers.Add(1, new KeyValuePair<string, object?>("direction", direction));
        return new Transfer(this, direction);
    }

    public void Collected(long blobs, long bytes, long uploads)
    {
        removedBlobs.Add(blobs);
        removedBytes.Add(bytes);
        removedUploads.Add(uploads);
    }

    /// <summary>A transfer that runs.</summary>
    public readonly struct Transfer(RegistryMetrics metrics, string direction) : IDisposable
    {
        public void Dispose() => metrics.transfers.Add(-1, new KeyValuePair<string, object?>("direction", direction));
    }
}
