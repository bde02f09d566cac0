using System.ComponentModel.DataAnnotations;

namespace Mesh.Router;

/// <summary>What the router reads from its environment beside what every program does.</summary>
public sealed class RouterOptions
{
    /// <summary>MESH_ROUTER_ID: the router's name, the same after a restart. Empty: the host's name.</summary>
    [ConfigurationKeyName("MESH_ROUTER_ID")]
    public string Id { get; set; } = "";

    /// <summary>MESH_ROUTER_HTTP_PORT: where apps, `/git/` and `/v2/` answer over HTTP/1.1.</summary>
    [ConfigurationKeyName("MESH_ROUTER_HTTP_PORT"), Range(1, 65535)]
    public int HttpPort { get; set; } = 8080;

    /// <summary>MESH_ROUTER_API_PORT: where the API answers: gRPC over HTTP/2 without TLS.</summary>
    [ConfigurationKeyName("MESH_ROUTER_API_PORT"), Range(1, 65535)]
    public int ApiPort { get; set; } = 8090;

    /// <summary>MESH_ROUTER_NGINX: the program.</summary>
    [ConfigurationKeyName("MESH_ROUTER_NGINX"), Required]
    public string Nginx { get; set; } = "nginx";

    /// <summary>MESH_ROUTER_ON_STOP: `stop` ends nginx with the router; `keep` leaves it serving, for an upgrade in place.</summary>
    [ConfigurationKeyName("MESH_ROUTER_ON_STOP"), RegularExpression("stop|keep")]
    public string OnStop { get; set; } = "stop";
}
