using Grpc.Core;
using Mesh.Controller.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mesh.Benchmarks.Api;

/// <summary>The peer: the same server stack with nothing on it. It answers every GetApp with the same app, without looking at the caller.</summary>
internal static class EchoServer
{
    public static async Task<int> RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(o => o.ListenLocalhost(port, l => l.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        var app = builder.Build();
        app.MapGrpcService<Echo>();
        await app.RunAsync();
        return 0;
    }

    private sealed class Echo : AppService.AppServiceBase
    {
        private static readonly App s_app = new()
        {
            Name = "tenants/bench/apps/app", Uid = Guid.Empty.ToString(), Url = "http://app.bench.localhost/", GitUrl = "http://localhost/git/bench/app.git",
            Etag = "\"1\"", State = App.Types.State.Active, CreateTime = new(), UpdateTime = new(),
        };

        public override Task<GetAppResponse> GetApp(GetAppRequest request, ServerCallContext context) => Task.FromResult(new GetAppResponse { App = s_app });
    }
}
