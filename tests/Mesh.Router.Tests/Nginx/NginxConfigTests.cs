using System.Collections.Immutable;
using System.Diagnostics;
using Mesh.Controller.V1;
using Mesh.Router.Nginx;
using Mesh.Router.Routing;
using Mesh.Testing;

namespace Mesh.Router.Tests.Nginx;

public sealed class NginxConfigTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private NginxPlaces Places => new(18080, 18090, Path.Combine(_folder.Path, "probe.sock"), _folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_empty_table_answers_404_for_every_name()
    {
        var text = await RenderAsync(RoutingTable.Empty with { Routes = ImmutableSortedDictionary<string, Route>.Empty });
        Assert.Contains("return 404 \"No app has this name.\\n\";", text, StringComparison.Ordinal);
        Assert.Contains("return 200 \"42\";", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_routes_are_not_known_no_name_is_said_to_be_nobodys()
    {
        var text = await RenderAsync(RoutingTable.Empty);
        Assert.Contains("return 503 \"The apps are not known yet. Try again soon.\\n\";", text, StringComparison.Ordinal);
        Assert.DoesNotContain("return 404", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_route_leads_to_all_addresses_of_its_workload()
    {
        var text = await RenderAsync(Table(Route("shop.acme.localhost", "web"), "10.0.0.1:80", "10.0.0.2:81", "[::1]:82"));
        Assert.Contains("server_name shop.acme.localhost;", text, StringComparison.Ordinal);
        foreach (var address in new[] { "10.0.0.1:80", "10.0.0.2:81", "[::1]:82" })
            Assert.Contains($"server {address} max_fails=0;", text, StringComparison.Ordinal);
        Assert.Matches("proxy_pass http://w_[0-9a-f]{24};", text);
    }

    [Fact]
    public async Task Without_an_address_the_app_is_said_not_to_run()
    {
        var text = await RenderAsync(Table(Route("shop.acme.localhost", "web")));
        Assert.Contains("return 503 \"This app does not run at present.\\n\";", text, StringComparison.Ordinal);
        Assert.DoesNotContain("proxy_pass http://w_", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Maintenance_is_said_even_where_the_app_runs()
    {
        var route = Route("shop.acme.localhost", "web");
        route.Maintenance = true;
        var text = await RenderAsync(Table(route, "10.0.0.1:80"));
        Assert.Contains("return 503 \"This app is in maintenance. Try again later.\\n\";", text, StringComparison.Ordinal);
        Assert.DoesNotContain("proxy_pass http://w_", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evil; } server { listen 1; ")]
    [InlineData("evil\n")]
    [InlineData("evil$host")]
    [InlineData("~^evil.*$")]
    [InlineData("evil name")]
    [InlineData("evil\"x")]
    [InlineData("evil#x")]
    [InlineData("evil..x")]
    [InlineData("*.*.evil")]
    [InlineData("")]
    [InlineData("_evil")]
    [InlineData("evil.")]
    [InlineData(".evil")]
    [InlineData("EVIL")]
    public async Task A_hostile_host_is_left_out_and_harms_no_other(string host)
    {
        var table = Table(Route("shop.acme.localhost", "web"), "10.0.0.1:80");
        var text = await RenderAsync(table with { Routes = table.Routes!.Add("evil", Route(host, "web", "evil")) });
        Assert.Contains("server_name shop.acme.localhost;", text, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", text, StringComparison.OrdinalIgnoreCase);
        Assert.Single(text.Split('\n'), line => line.Contains("server_name ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/evil { } location /x")]
    [InlineData("/evil\n")]
    [InlineData("/evil;")]
    [InlineData("/evil$uri")]
    [InlineData("evil")]
    [InlineData("/evil\"")]
    [InlineData("~ /evil")]
    [InlineData("= /evil")]
    [InlineData("@evil")]
    public async Task A_hostile_path_is_left_out_and_harms_no_other(string path)
    {
        var table = Table(Route("shop.acme.localhost", "web"), "10.0.0.1:80");
        var hostile = Route("shop.acme.localhost", "web", "evil");
        hostile.Path = path;
        var text = await RenderAsync(table with { Routes = table.Routes!.Add("evil", hostile) });
        Assert.DoesNotContain("evil", text, StringComparison.Ordinal);
        Assert.Contains("server_name shop.acme.localhost;", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.9:80; } #")]
    [InlineData("10.0.0.9:80\n")]
    [InlineData("10.0.0.9")]
    [InlineData("10.0.0.9:0")]
    [InlineData("10.0.0.9:65536")]
    [InlineData("10.0.0.999:80")]
    [InlineData("1.2.3:80")]
    [InlineData("[::g]:80")]
    [InlineData("[::1::2]:80")]
    [InlineData("unix:/tmp/x.sock")]
    [InlineData("10.0.0.9:80 backup")]
    [InlineData("")]
    public async Task A_hostile_address_is_left_out_and_harms_no_other(string address)
    {
        var text = await RenderAsync(Table(Route("shop.acme.localhost", "web"), "10.0.0.1:80", address));
        Assert.Single(text.Split('\n'), line => line.Contains("max_fails=0", StringComparison.Ordinal));
        Assert.Contains("server 10.0.0.1:80 max_fails=0;", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("", "/")]
    [InlineData("/api", "/api")]
    public async Task Two_routes_of_one_host_and_path_do_not_spoil_the_file(string one, string two)
    {
        var (first, second) = (Route("shop.acme.localhost", "web"), Route("shop.acme.localhost", "web", "second"));
        (first.Path, second.Path) = (one, two);
        var table = Table(first, "10.0.0.1:80");
        var text = await RenderAsync(table with { Routes = table.Routes!.Add("second", second) });
        Assert.Single(text.Split('\n'), line => line.Contains("proxy_pass http://w_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Longer_paths_and_many_hosts_pass_nginx()
    {
        var table = Table(Route("shop.acme.localhost", "web"), "10.0.0.1:80");
        for (var i = 0; i < 200; i++)
        {
            var route = Route($"app{i}.{new string('t', 63)}.{new string('d', 63)}.example", $"workload {i} \" ; }} $x", $"key {i}");
            route.Path = i % 2 == 0 ? "/api/v1" : "";
            table = table with
            {
                Routes = table.Routes!.Add(route.Key, route),
                Endpoints = table.Endpoints!.Add(route.Backends[0].Workload, [$"10.0.1.{i}:80"]),
            };
        }
        table = table with { Services = table.Services.Add("controller", ["127.0.0.1:5000"]).Add("builder", ["127.0.0.1:5001; }"]) };
        var text = await RenderAsync(table);
        Assert.Equal(201, text.Split('\n').Count(line => line.Contains("server_name ", StringComparison.Ordinal)));
        Assert.DoesNotContain("$x", text, StringComparison.Ordinal);
        Assert.DoesNotContain("5001", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_table_gives_the_same_file()
    {
        var table = Table(Route("shop.acme.localhost", "web"), "10.0.0.1:80", "10.0.0.2:80");
        Assert.Equal(NginxConfig.Render(table, Places, 1), NginxConfig.Render(table with { EndpointsGeneration = 9 }, Places, 1));
    }

    private static Route Route(string host, string workload, string key = "first") =>
        new() { Key = key, Host = host, Backends = { new Route.Types.Backend { Workload = workload, Weight = 1 } } };

    private static RoutingTable Table(Route route, params string[] addresses) => RoutingTable.Empty with
    {
        Routes = ImmutableSortedDictionary<string, Route>.Empty.Add(route.Key, route),
        Endpoints = ImmutableSortedDictionary<string, ImmutableArray<string>>.Empty.Add(route.Backends[0].Workload, [.. addresses]),
    };

    /// <summary>Renders, and lets nginx itself judge the file.</summary>
    private async Task<string> RenderAsync(RoutingTable table)
    {
        var text = NginxConfig.Render(table, Places, 42);
        var file = Path.Combine(_folder.Path, "nginx.conf");
        await File.WriteAllTextAsync(file, text);
        var start = new ProcessStartInfo("nginx", ["-t", "-q", "-c", file, "-p", _folder.Path, "-e", Path.Combine(_folder.Path, "error.log")])
        {
            RedirectStandardError = true,
        };
        using var nginx = System.Diagnostics.Process.Start(start)!;
        var complaint = await nginx.StandardError.ReadToEndAsync();
        await nginx.WaitForExitAsync();
        Assert.True(nginx.ExitCode == 0, complaint + text);
        return text;
    }
}
