using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Contracts;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Servers;

/// <summary>A stream as a test drives it: one batch, one acknowledgement.</summary>
internal sealed class Sender : IDisposable
{
    private readonly AsyncDuplexStreamingCall<StreamRequest, StreamResponse> _call;

    private Sender(AsyncDuplexStreamingCall<StreamRequest, StreamResponse> call, StreamResponse.Types.Opened opened) =>
        (_call, Opened) = (call, opened);

    public StreamResponse.Types.Opened Opened { get; }

    public static Task<Sender> OpenAsync(IngestionServers servers, string tenant, Guid? writer = null) => OpenAsync(servers.Channel, tenant, writer);

    public static Task<Sender> OpenAsync(IngestionProcess ingestion, string tenant) => OpenAsync(ingestion.Connect(), tenant);

    public static async Task<Sender> OpenAsync(GrpcChannel channel, string tenant, Guid? writer = null, Metadata? headers = null)
    {
        var call = new TelemetryService.TelemetryServiceClient(channel).Stream(headers ?? IngestionProcess.Headers);
        await call.RequestStream.TryWriteAsync(new StreamRequest
        {
            Open = new() { WriterId = (writer ?? Guid.NewGuid()).ToString(), Parent = "tenants/" + tenant },
        });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        return new Sender(call, call.ResponseStream.Current.Opened);
    }

    public async Task<StreamResponse.Types.Ack> SendAsync(Batch batch)
    {
        await _call.RequestStream.TryWriteAsync(new StreamRequest { Batch = batch });
        return await ReadAsync();
    }

    public async Task<StreamResponse.Types.Ack> ReadAsync()
    {
        Assert.True(await _call.ResponseStream.MoveNext(CancellationToken.None));
        return _call.ResponseStream.Current.Ack;
    }

    public void Dispose() => _call.Dispose();

    /// <summary>Declares a series; labels as `name=value`.</summary>
    public static SeriesDeclaration Series(uint number, string metric, params string[] labels)
    {
        var declaration = new SeriesDeclaration { Ref = number, Metric = metric };
        declaration.Labels.AddRange(labels.Select(label => label.Split('=', 2)).Select(parts => new Label { Name = parts[0], Value = parts[1] }));
        return declaration;
    }

    /// <summary>Samples of one series at the given times.</summary>
    public static Samples Samples(params (uint Series, long Milliseconds, double Value)[] rows)
    {
        var samples = new Samples();
        var last = 0L;
        foreach (var (series, milliseconds, value) in rows)
        {
            samples.SeriesRefs.Add(series);
            samples.TimeDeltasMillis.Add(milliseconds - last);
            samples.Values.Add(value);
            last = milliseconds;
        }

        return samples;
    }
}
