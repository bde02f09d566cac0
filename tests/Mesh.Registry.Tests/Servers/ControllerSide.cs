using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mesh.Registry.Tests.Servers;

/// <summary>Serves <see cref="Callers"/> where the registry looks for the controller: in Consul.</summary>
internal sealed class ControllerSide : IAsyncDisposable
{
    private readonly WebApplication app;

    private ControllerSide(WebApplication app) => this.app = app;

    public static async Task<ControllerSide> StartAsync(Uri consul)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        var app = builder.Build();
        app.MapGrpcService<Callers>();
        await app.StartAsync();

        using var client = new HttpClient { BaseAddress = consul };
        var service = new { Name = "controller", ID = "controller-side", Address = "127.0.0.1", new Uri(app.Urls.First()).Port };
        using var registered = await client.PutAsJsonAsync("/v1/agent/service/register", service, new System.Text.Json.JsonSerializerOptions());
        registered.EnsureSuccessStatusCode();
        return new ControllerSide(app);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
