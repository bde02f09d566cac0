using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Common.Discovery;
using Mesh.Common.Errors;
using Mesh.Common.Hosting;
using Mesh.Ingestion.Scans;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Scheduler.V1;
using Mesh.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using static Mesh.Ingestion.Tests.Scans.Scanner;
using ScanService = Mesh.Ingestion.Scans.ScanService;

namespace Mesh.Ingestion.Tests.Scans;

/// <summary>A scan whose sender has gone silent; the service runs in the test, which moves its clock.</summary>
[Trait("Needs", "servers")]
public sealed class StalledScanTests : IAsyncLifetime
{
    // One more than may be taken in at once.
    private const int Streams = 5;
    private readonly ManualTime _time = new();
    private WebApplication _server = null!;
    private GrpcChannel _channel = null!;

    private V1.ScanService.ScanServiceClient Client => new(_channel);

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateBuilder(
        [
            "--MESH_LISTEN=127.0.0.1", "--MESH_PORT=0", "--MESH_OTLP=off", "--MESH_DRAIN_SECONDS=0", "--MESH_LOG_LEVEL=Error",
            $"--MESH_CLUSTER_KEY={Convert.ToBase64String(new byte[32])}", "--MESH_CONSUL=http://127.0.0.1:1",
            $"--MESH_POSTGRES={await (await PostgresServer.GetAsync()).CreateDatabaseAsync()}",
        ]);
        builder.AddMeshDefaults("ingestion", typeof(ScanService).Assembly);
        builder.Services.AddMeshClient<WorkloadService.WorkloadServiceClient>("scheduler");
        builder.Services.AddSingleton<ScanStore>().AddSingleton<FindingStore>().AddSingleton<RunningImages>().AddSingleton<ScanGate>();
        builder.Services.AddSingleton(provider => new ScanService(
            provider.GetRequiredService<ScanStore>(), provider.GetRequiredService<FindingStore>(), provider.GetRequiredService<RunningImages>(),
            provider.GetRequiredService<ScanGate>(), _time));
        _server = builder.Build();
        _server.MapMeshDefaults();
        _server.MapGrpcService<ScanService>();
        await _server.StartAsync();
        _channel = GrpcChannel.ForAddress($"http://127.0.0.1:{await _server.Services.GetRequiredService<ServerAddress>().PortAsync(CancellationToken.None)}");
    }

    public async Task DisposeAsync()
    {
        _channel.Dispose();
        await _server.StopAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Nothing_for_a_minute_ends_a_stream_and_gives_its_place_back()
    {
        var image = Image("stalled/shop", 'a');
        for (var stream = 0; stream < Streams; stream++)
        {
            var before = _time.Timers;
            using var call = await Client.StartAsync(image);
            await SendAsync(call, new() { Batch = new() { Packages = { Package("a") } } });
            // One for the start, one for the batch, and one for what never comes.
            await Wait.UntilAsync("the service waits for more", () => _time.Timers == before + 3);
            _time.Advance(TimeSpan.FromSeconds(59));
            Assert.False(call.ResponseAsync.IsCompleted);
            _time.Advance(TimeSpan.FromSeconds(1));
            await StalledAsync(call);
        }

        var missing = await Assert.ThrowsAsync<RpcException>(async () =>
            await Client.GetScanAsync(new GetScanRequest { Name = $"tenants/stalled/repositories/shop/scans/{image.Split('@')[1]}" }, Headers));
        Assert.Equal(StatusCode.NotFound, missing.StatusCode);
        Assert.Equal(1, (await Client.ScanAsync(image, [], [Package("a")])).PackageCount);
    }

    [Fact]
    public async Task A_stream_that_never_starts_ends_as_well()
    {
        using var call = Client.WriteScan(Headers);
        await Wait.UntilAsync("the service waits for the start", () => _time.Timers == 1);
        _time.Advance(TimeSpan.FromMinutes(1));
        await StalledAsync(call);
    }

    private static async Task StalledAsync(AsyncClientStreamingCall<WriteScanRequest, WriteScanResponse> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseAsync);
        Assert.Equal((StatusCode.Aborted, "SCAN_STALLED"), (error.StatusCode, error.Reason()));
    }
}
