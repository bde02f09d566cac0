using System.Net;
using System.Net.Sockets;
using System.Text;
using Mesh.Testing;
using Microsoft.AspNetCore.Builder;

namespace Mesh.Common.Tests.Hosting;

public sealed class OnePortTests : IAsyncLifetime
{
    private const string Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync("test");

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task One_port_speaks_both_versions(int major)
    {
        using var http = _server.Http(new Version(major, major == 1 ? 1 : 0));
        for (var i = 0; i < 3; i++)
        {
            using var response = await http.GetAsync("/healthz/live");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(major, response.Version.Major);
        }
    }

    [Fact]
    public async Task A_preface_that_comes_byte_by_byte_is_http2()
    {
        using var client = await ConnectAsync();
        var stream = client.GetStream();
        // The preface and an empty SETTINGS frame.
        foreach (var part in Encoding.ASCII.GetBytes(Preface).Concat(new byte[] { 0, 0, 0, 4, 0, 0, 0, 0, 0 }))
        {
            await stream.WriteAsync(new[] { part });
            await stream.FlushAsync();
            await Task.Yield();
        }
        var frame = new byte[9];
        await stream.ReadExactlyAsync(frame);
        // The server's own SETTINGS frame on stream 0.
        Assert.Equal(4, frame[3]);
        Assert.Equal(0, frame[8]);
    }

    [Fact]
    public async Task A_request_that_comes_byte_by_byte_is_http1()
    {
        using var client = await ConnectAsync();
        var stream = client.GetStream();
        foreach (var part in Encoding.ASCII.GetBytes("GET /healthz/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
            await stream.WriteAsync(new[] { part });
        Assert.StartsWith("HTTP/1.1 200", await new StreamReader(stream).ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")]
    [InlineData("PUT nonsense\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001")]
    public async Task What_is_neither_is_refused(string bytes)
    {
        using var client = await ConnectAsync();
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(bytes));
        client.Client.Shutdown(SocketShutdown.Send);
        Assert.DoesNotContain(" 200", await AnswerAsync(stream), StringComparison.Ordinal);
    }

    // A connection that is closed with bytes unread is reset; that is a refusal too.
    private static async Task<string> AnswerAsync(Stream stream)
    {
        try
        {
            return await new StreamReader(stream).ReadToEndAsync();
        }
        catch (IOException)
        {
            return "";
        }
    }

    [Fact]
    public async Task Connections_that_break_off_harm_nobody()
    {
        foreach (var start in new[] { "", "P", Preface[..20], Preface })
        {
            using var client = await ConnectAsync();
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(start));
            client.LingerState = new LingerOption(true, 0);
        }
        using var http = _server.Http();
        Assert.Equal("ok\n", await http.GetStringAsync("/healthz/live"));
    }

    [Fact]
    public async Task A_stop_ends_with_open_connections_of_both_kinds()
    {
        var server = await TestServer.StartAsync("test");
        using var http1 = server.Http();
        using var http2 = server.Http(HttpVersion.Version20);
        await http1.GetAsync("/healthz/live");
        await http2.GetAsync("/healthz/live");
        using var silent = new TcpClient();
        await silent.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        using var handed = new TcpClient();
        await handed.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        await handed.GetStream().WriteAsync(Encoding.ASCII.GetBytes(Preface));
        await server.DisposeAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => http2.GetAsync("/healthz/live"));
    }

    [Fact]
    public async Task A_connection_that_has_said_nothing_ends_before_the_running_requests_do()
    {
        var (begun, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = await TestServer.StartAsync("test", map: app => app.MapGet("/held", async () =>
        {
            begun.SetResult();
            await release.Task;
            return "whole";
        }));
        using var http = server.Http();
        var held = http.GetStringAsync("/held");
        await begun.Task.WaitAsync(Wait.Limit);
        using var silent = new TcpClient();
        await silent.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        // The server has taken it when it has taken the one behind it.
        using var next = server.Http();
        await next.GetAsync("/healthz/live");

        var stopping = server.StopAsync();
        await EndAsync(silent).WaitAsync(Wait.Limit);

        // The request would have been broken off with everything else at the limit of the stop.
        release.SetResult();
        Assert.Equal("whole", await held);
        await stopping;
    }

    private static async Task EndAsync(TcpClient client)
    {
        try
        {
            Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]));
        }
        catch (IOException)
        {
            // Reset, which is an end too.
        }
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, _server.Address.Port);
        return client;
    }
}
