using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Mesh.Common.Health;
using Mesh.Common.Hosting;
using Mesh.Controller.V1;
using Mesh.Router.Nginx;
using Mesh.Router.Routing;
using Mesh.Servers;
using Mesh.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Mesh.Router.Tests.Nginx;

public sealed partial class NginxLoopTests : IAsyncLifetime, IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly RoutingTableHolder _tables = new();
    private readonly ServedGeneration _served = new();
    private readonly HastyTime _time = new();
    private readonly Failures _failures = new();
    private readonly NginxServer _nginx;
    private readonly NginxLoop _loop;

    public NginxLoopTests()
    {
        // nginx, but for what a test holds up by a file in the folder.
        var program = Held("nginx-held");
        File.WriteAllText(program, $$"""
            #!/bin/sh
            case "$1" in
              -s) [ "$2" = reload ] && [ -e {{Held("hold-reload")}} ] && exit 0 ;;
              -c) touch {{Held("begun")}}; while [ -e {{Held("hold-start")}} ]; do sleep 0.01; done ;;
            esac
            exec nginx "$@"
            """);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var options = Options.Create(new RouterOptions { Nginx = program, HttpPort = FreePorts.Next(), ApiPort = FreePorts.Next() });
        var mesh = new MeshOptions { Service = "router", ClusterKey = [], Data = _folder.Path };
        _nginx = new NginxServer(mesh, options, _time, new LoggerFactory().CreateLogger<NginxServer>());
        _loop = new NginxLoop(_tables, _served, _nginx, new ServerHealth(), options, TimeProvider.System, _failures);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _loop.StopAsync(default);

    public void Dispose()
    {
        _loop.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_generation_is_served_only_when_nginx_serves_it_also_after_a_load_that_failed()
    {
        Change(1, "10.0.0.1:80");
        await _loop.StartAsync(default);
        await Wait.UntilAsync("the first is served", () => _served.Current.Value == 1);

        // nginx is told to load the second and does not come to it.
        File.Create(Held("hold-reload")).Dispose();
        _time.Runs = true;
        Change(2, "10.0.0.2:80");
        await Wait.UntilAsync("the load fails", () => _failures.Any);
        Change(3, "10.0.0.1:80");
        _time.Runs = false;
        File.Delete(Held("hold-reload"));
        await Wait.UntilAsync("the third is served", () => _served.Current.Value == 3);

        var file = await File.ReadAllTextAsync(Path.Combine(_folder.Path, "nginx.conf"));
        Assert.Equal(Number().Match(file).Groups[1].Value, await ProbeAsync());
    }

    [Fact]
    public async Task An_nginx_that_is_just_starting_when_the_router_stops_is_not_left_behind()
    {
        File.Create(Held("hold-start")).Dispose();
        Change(1, "10.0.0.1:80");
        await _loop.StartAsync(default);
        await Wait.UntilAsync("nginx is being started", () => File.Exists(Held("begun")));

        var stopping = _loop.StopAsync(default);
        File.Delete(Held("hold-start"));
        await stopping;

        await Wait.UntilAsync("nobody starts it or is it", () => !Processes().Any(command => command.Contains(_folder.Path + '/', StringComparison.Ordinal)));
    }

    private string Held(string name) => Path.Combine(_folder.Path, name);

    private void Change(long generation, string address) => _tables.Change(_ => RoutingTable.Empty with
    {
        Routes = ImmutableSortedDictionary<string, Route>.Empty,
        Endpoints = ImmutableSortedDictionary<string, ImmutableArray<string>>.Empty,
        EndpointsGeneration = generation,
        Services = ImmutableSortedDictionary<string, ImmutableArray<string>>.Empty.Add("controller", [address]),
    });

    private async Task<string> ProbeAsync()
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(_nginx.Places.ProbeSocket), token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        return await http.GetStringAsync(new Uri("http://probe/"));
    }

    private static IEnumerable<string> Processes()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out _)) continue;
            string command;
            try
            {
                command = File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ');
            }
            catch (IOException)
            {
                continue;
            }
            yield return command;
        }
    }

    [GeneratedRegex("return 200 \"([0-9]+)\"")]
    private static partial Regex Number();

    /// <summary>A clock by which patience, when it runs, ends soon.</summary>
    private sealed class HastyTime : TimeProvider
    {
        private volatile bool _runs;
        private long _ahead;

        public bool Runs
        {
            get => _runs;
            set => _runs = value;
        }

        public override long GetTimestamp() =>
            base.GetTimestamp() + (_runs ? Interlocked.Add(ref _ahead, TimestampFrequency) : Interlocked.Read(ref _ahead));
    }

    private sealed class Failures : ILogger<NginxLoop>
    {
        private volatile bool _any;

        public bool Any => _any;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _any |= exception is not null;
    }
}
