using System.Net;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Client;
using Mesh.Ingestion.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Mesh.Cli.Tests.Client;

/// <summary>A stream that is cut on the way is opened again; an error of the service is not.</summary>
public sealed class WatchesTests
{
    [Theory]
    [InlineData(Cut.BetweenMessages)]
    [InlineData(Cut.WithinAMessage)]
    [InlineData(Cut.ByReset)]
    public async Task A_cut_stream_goes_on_without_a_gap_or_a_record_twice(Cut cut)
    {
        await using var server = await Server.StartAsync(async (context, opened) =>
        {
            if (opened == 1)
            {
                await Server.WriteAsync(context, new TailResponse { Records = { Record(1), Record(2) } });
                await Server.CutAsync(context, cut);
                return;
            }
            await Server.WriteAsync(context, new TailResponse { Records = { Record(1), Record(2), Record(3) } });
            await Server.WriteAsync(context, new TailResponse { Records = { Record(3) } });
            Server.End(context, StatusCode.OK);
        });
        using var client = server.Connect();
        var seen = new List<string>();
        await foreach (var response in client.Query.TailAsync(new TailRequest { Parent = "tenants/acme" }, CancellationToken.None))
            seen.AddRange(response.Records.Select(r => r.Body));
        // The last one really came twice.
        Assert.Equal(["1", "2", "3", "3"], seen);
    }

    [Fact]
    public async Task An_error_of_the_service_ends_the_watch()
    {
        await using var server = await Server.StartAsync((context, _) =>
        {
            Server.End(context, StatusCode.NotFound);
            return Task.CompletedTask;
        });
        using var client = server.Connect();
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (var response in client.Query.TailAsync(new TailRequest(), CancellationToken.None)) Assert.Empty(response.Records);
        });
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    private static LogRecord Record(int number) => new() { Time = new Timestamp { Seconds = number }, Body = $"{number}" };

    /// <summary>Where a stream is cut.</summary>
    public enum Cut
    {
        /// <summary>Ended by a proxy, without a status.</summary>
        BetweenMessages,

        /// <summary>Ended by a proxy with half a message.</summary>
        WithinAMessage,

        /// <summary>The HTTP/2 stream is reset.</summary>
        ByReset,
    }

    /// <summary>A server of gRPC's frames by hand, so that it can break off anywhere.</summary>
    private sealed class Server(WebApplication app) : IAsyncDisposable
    {
        public static async Task<Server> StartAsync(Func<HttpContext, int, Task> answer)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2));
            var app = builder.Build();
            var opened = 0;
            app.MapPost("/mesh.ingestion.v1.QueryService/Tail", async (HttpContext context) =>
            {
                context.Response.ContentType = "application/grpc";
                await answer(context, Interlocked.Increment(ref opened));
            });
            await app.StartAsync();
            return new(app);
        }

        public MeshClient Connect() => new(new MeshClientOptions { Address = new Uri(app.Urls.First()), Token = "mesh_test" });

        public static async Task WriteAsync(HttpContext context, TailResponse message)
        {
            var length = message.CalculateSize();
            await context.Response.Body.WriteAsync(new byte[] { 0, 0, 0, (byte)(length >> 8), (byte)length });
            await context.Response.Body.WriteAsync(message.ToByteArray());
            await context.Response.Body.FlushAsync();
        }

        public static async Task CutAsync(HttpContext context, Cut cut)
        {
            if (cut is Cut.WithinAMessage) await context.Response.Body.WriteAsync(new byte[] { 0, 0, 0, 0, 9, 1 });
            if (cut is Cut.ByReset) context.Abort();
        }

        public static void End(HttpContext context, StatusCode code)
        {
            if (context.Response.HasStarted) context.Response.AppendTrailer("grpc-status", $"{(int)code}");
            else context.Response.Headers["grpc-status"] = $"{(int)code}";
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
