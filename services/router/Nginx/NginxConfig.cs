using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Mesh.Router.Routing;

namespace Mesh.Router.Nginx;

/// <summary>Where nginx listens and keeps its files.</summary>
/// <param name="HttpPort">Apps, `/git/` and `/v2/`, HTTP/1.1.</param>
/// <param name="ApiPort">The API, HTTP/2 without TLS.</param>
/// <param name="ProbeSocket">A socket in the file system that answers with the configuration's number.</param>
/// <param name="Folder">The folder of its pid file and logs.</param>
public sealed record NginxPlaces(int HttpPort, int ApiPort, string ProbeSocket, string Folder);

/// <summary>Renders a routing table as nginx's configuration: a pure function.</summary>
public static partial class NginxConfig
{
    private static readonly string[] s_services = ["builder", "controller", "ingestion", "registry", "scheduler"];

    // Whatever reaches the configuration file is checked here once more: a name that could break out of its place is left out.
    [GeneratedRegex(@"^(?=.{1,253}\z)(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex HostPattern { get; }

    [GeneratedRegex(@"^(\[(?<v6>[0-9a-fA-F:.]+)\]|(?<v4>[0-9.]+)|[a-zA-Z0-9.-]+):(?<port>[0-9]{1,5})\z", RegexOptions.CultureInvariant)]
    private static partial Regex AddressPattern { get; }

    [GeneratedRegex(@"^/[A-Za-z0-9._~/-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex PathPattern { get; }

    /// <summary>The whole file. Its number is answered by the probe, so that the router knows which file is served.</summary>
    public static string Render(RoutingTable table, NginxPlaces places, long number)
    {
        var text = new StringBuilder(4096);
        text.Append(CultureInfo.InvariantCulture, $$"""
            worker_processes 2;
            worker_shutdown_timeout 300s;
            pid {{places.Folder}}/nginx.pid;
            error_log {{places.Folder}}/error.log warn;
            events { worker_connections 4096; }
            http {
              access_log off;
              server_tokens off;
              default_type text/plain;
              client_body_temp_path {{places.Folder}}/body;
              proxy_temp_path {{places.Folder}}/proxy;
              fastcgi_temp_path {{places.Folder}}/unused;
              uwsgi_temp_path {{places.Folder}}/unused;
              scgi_temp_path {{places.Folder}}/unused;
              proxy_max_temp_file_size 0;
              proxy_http_version 1.1;
              proxy_set_header Host $http_host;
              proxy_set_header Connection $connection_upgrade;
              proxy_set_header Upgrade $http_upgrade;
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
              proxy_set_header X-Forwarded-Proto $scheme;
              proxy_set_header X-Request-Id $mesh_request_id;
              proxy_connect_timeout 2s;
              proxy_read_timeout 300s;
              proxy_next_upstream error timeout;
              keepalive_requests 1000000;
              server_names_hash_bucket_size 256;
              server_names_hash_max_size 8192;
              map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
              map $http_x_request_id $mesh_request_id { default $http_x_request_id; "" $request_id; }
              gzip on;
              gzip_types text/css text/javascript application/javascript application/json image/svg+xml;

              server {
                listen unix:{{places.ProbeSocket}};
                location / { return 200 "{{number}}"; }
              }

            """);
        foreach (var service in s_services) AppendUpstream(text, "service_" + service, table.Services.GetValueOrDefault(service));
        AppendFrontDoor(text, table, places);
        AppendApi(text, places);
        var routes = (table.Routes?.Values ?? []).Where(IsSound).OrderBy(r => r.Key, StringComparer.Ordinal).ToArray();
        AppendBackends(text, table, routes);
        foreach (var host in routes.GroupBy(r => r.Host).OrderBy(g => g.Key, StringComparer.Ordinal)) AppendHost(text, table, places, host.Key, host);
        return text.Append("}\n").ToString();
    }

    /// <summary>A name of a workload's upstream: short, and safe whatever the workload is called.</summary>
    private static string UpstreamOf(string workload) =>
        "w_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(workload)))[..24];

    private static bool IsSound(Route route) =>
        HostPattern.IsMatch(route.Host) && (route.Path.Length == 0 || PathPattern.IsMatch(route.Path)) && route.Backends.Count > 0;

    /// <summary>nginx refuses a whole file for one wrong number, so numbers are checked and not the shape alone.</summary>
    private static bool IsAddress(string address) =>
        AddressPattern.Match(address) is { Success: true } match
        && int.Parse(match.Groups["port"].ValueSpan, CultureInfo.InvariantCulture) is > 0 and <= 65535
        && (!match.Groups["v6"].Success || IPAddress.TryParse(match.Groups["v6"].ValueSpan, out _))
        && (!match.Groups["v4"].Success || (match.Groups["v4"].Value.Split('.').Length == 4 && IPAddress.TryParse(match.Groups["v4"].ValueSpan, out _)));

    private static ImmutableArray<string> AddressesOf(RoutingTable table, string workload) =>
        table.Endpoints is { } endpoints && endpoints.TryGetValue(workload, out var addresses)
            ? [.. addresses.Where(IsAddress)]
            : [];

    private static string PathOf(Route route) => route.Path.Length == 0 ? "/" : route.Path;

    private static void AppendUpstream(StringBuilder text, string name, ImmutableArray<string> addresses)
    {
        text.Append(CultureInfo.InvariantCulture, $"  upstream {name} {{\n");
        var sound = addresses.IsDefaultOrEmpty ? [] : addresses.Where(IsAddress).ToArray();
        // An upstream needs a server; port 9 (discard) refuses, which is answered as 502.
        if (sound.Length == 0) text.Append("    server 127.0.0.1:9;\n");
        foreach (var address in sound) text.Append(CultureInfo.InvariantCulture, $"    server {address} max_fails=0;\n");
        text.Append("    keepalive 64;\n  }\n");
    }

    private static void AppendFrontDoor(StringBuilder text, RoutingTable table, NginxPlaces places)
    {
        // A name that is not known yet may well be an app's.
        var answer = table.Routes is null ? "503 \"The apps are not known yet. Try again soon.\\n\"" : "404 \"No app has this name.\\n\"";
        text.Append(CultureInfo.InvariantCulture, $$"""
              server {
                listen {{places.HttpPort}} default_server;
                client_max_body_size 0;
                proxy_request_buffering off;
                proxy_buffering off;
                location /git/ { proxy_pass http://service_builder; proxy_read_timeout 3600s; }
                location /v2/ { proxy_pass http://service_registry; proxy_read_timeout 3600s; }
                location / { return {{answer}}; }
              }

            """);
    }

    private static void AppendApi(StringBuilder text, NginxPlaces places)
    {
        text.Append(CultureInfo.InvariantCulture, $$"""
              server {
                listen {{places.ApiPort}} http2;
                client_max_body_size 0;
                client_body_timeout 3600s;
                keepalive_timeout 3600s;
                grpc_connect_timeout 2s;
                grpc_read_timeout 3600s;
                grpc_send_timeout 3600s;
                grpc_socket_keepalive on;
                grpc_set_header X-Request-Id $mesh_request_id;
                grpc_next_upstream error;

            """);
        foreach (var service in s_services)
            text.Append(CultureInfo.InvariantCulture, $"    location /mesh.{service}. {{ grpc_pass grpc://service_{service}; }}\n");
        text.Append("""
                location /opentelemetry. { grpc_pass grpc://service_ingestion; }
                location /grpc. { grpc_pass grpc://service_controller; }
                location / {
                  default_type application/grpc;
                  add_header grpc-status 12;
                  add_header grpc-message "There is no such service.";
                  return 200;
                }
              }

            """);
    }

    private static void AppendBackends(StringBuilder text, RoutingTable table, IEnumerable<Route> routes)
    {
        foreach (var workload in routes.SelectMany(r => r.Backends).Select(b => b.Workload).Distinct().Order(StringComparer.Ordinal))
        {
            var addresses = AddressesOf(table, workload);
            if (addresses.Length > 0) AppendUpstream(text, UpstreamOf(workload), addresses);
        }
    }

    private static void AppendHost(StringBuilder text, RoutingTable table, NginxPlaces places, string host, IEnumerable<Route> routes)
    {
        text.Append(CultureInfo.InvariantCulture, $$"""
              server {
                listen {{places.HttpPort}};
                server_name {{host}};
                client_max_body_size 0;
                proxy_request_buffering off;

            """);
        // nginx refuses a file that has a place twice: of two routes with one path the first by its key is served.
        foreach (var route in routes.DistinctBy(PathOf).OrderByDescending(r => r.Path.Length))
        {
            var backend = route.Backends.FirstOrDefault(b => AddressesOf(table, b.Workload).Length > 0);
            var answer = route.Maintenance
                ? "return 503 \"This app is in maintenance. Try again later.\\n\";"
                : backend is null
                    ? "return 503 \"This app does not run at present.\\n\";"
                    : $"proxy_pass http://{UpstreamOf(backend.Workload)};";
            text.Append(CultureInfo.InvariantCulture, $"    location {PathOf(route)} {{ {answer} }}\n");
        }
        text.Append("  }\n");
    }
}
