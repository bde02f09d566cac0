using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Mesh.Common.Hosting;

/// <summary>One port for HTTP/1.1 and HTTP/2, with limits that suit long streams.</summary>
internal static class KestrelSetup
{
    public static void AddKestrel(this IWebHostBuilder host, MeshOptions options)
    {
        var handover = new Http2Handover();
        host.UseSetting(WebHostDefaults.ServerUrlsKey, null);
        host.ConfigureServices(s => s.AddSingleton<IConnectionListenerFactory>(handover));
        host.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 4 << 20;
            kestrel.Limits.Http2.InitialStreamWindowSize = 1 << 20;
            kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(20);
            kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(10);
            // A quiet stream is a healthy one: watches wait for hours.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxConcurrentConnections = 20_000;
            kestrel.Listen(options.Listen, options.Port, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => connection => handover.DispatchAsync(connection, next));
            });
            kestrel.Listen(Http2Handover.InProcess, listen => listen.Protocols = HttpProtocols.Http2);
        });
    }
}
