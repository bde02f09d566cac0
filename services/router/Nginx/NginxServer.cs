using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Mesh.Common.Hosting;
using Microsoft.Extensions.Options;

namespace Mesh.Router.Nginx;

/// <summary>
/// One nginx: started as a process of its own, so that it serves on when the router dies, and adopted by the router's next run.
/// </summary>
public sealed partial class NginxServer(MeshOptions mesh, IOptions<RouterOptions> options, TimeProvider time, ILogger<NginxServer> logger)
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Path.GetFullPath(mesh.Data);

    public NginxPlaces Places => new(options.Value.HttpPort, options.Value.ApiPort, Path.Combine(_folder, "probe.sock"), _folder);

    private string ConfigFile => Path.Combine(_folder, "nginx.conf");

    /// <summary>
    /// Serves a configuration: checked first, then put in place and loaded. Returns once every worker that takes requests serves it.
    /// False when nginx refuses the file: the last good one goes on serving.
    /// </summary>
    public async Task<bool> ServeAsync(string config, long number, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_folder);
        var candidate = Path.Combine(_folder, "nginx.conf.new");
        await File.WriteAllTextAsync(candidate, config, cancellationToken);
        if (await RunAsync(["-t", "-q", "-c", candidate], cancellationToken) is { Length: > 0 } refusal)
        {
            LogRefused(refusal);
            return false;
        }
        File.Move(candidate, ConfigFile, overwrite: true);
        if (MasterPid() is { } master)
        {
            var before = Workers(master);
            await RunAsync(["-s", "reload", "-c", ConfigFile], cancellationToken);
            await WaitAsync(number, master, before, cancellationToken);
        }
        else
        {
            // A socket that a killed nginx left behind would keep the next one from listening.
            File.Delete(Places.ProbeSocket);
            await WaitAsync(number, await StartAsync(), [], cancellationToken);
        }
        return true;
    }

    /// <summary>Whether nginx runs, whoever started it.</summary>
    public bool IsRunning => MasterPid() is not null;

    /// <summary>Lets requests end, then ends nginx.</summary>
    public async Task StopAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        if (MasterPid() is not { } master) return;
        await RunAsync(["-s", "quit", "-c", ConfigFile], cancellationToken);
        var since = time.GetTimestamp();
        while (MasterPid() is not null && time.GetElapsedTime(since) < grace) await Task.Delay(20, cancellationToken);
        if (MasterPid() is null) return;
        await RunAsync(["-s", "stop", "-c", ConfigFile], cancellationToken);
        LogEnded(master);
    }

    // Nobody interrupts it: an nginx that is about to run has no number yet by which it could be stopped, and would be left behind.
    private async Task<int> StartAsync()
    {
        var problem = await RunAsync(["-c", ConfigFile], CancellationToken.None);
        var since = time.GetTimestamp();
        // The program ends before its server has written its number down.
        while (problem.Length == 0 && MasterPid() is null && time.GetElapsedTime(since) < s_patience) await Task.Delay(s_poll, time);
        return MasterPid() ?? throw new InvalidOperationException($"nginx did not start: {problem}");
    }

    /// <summary>
    /// Waits until new connections meet the new configuration and no older worker takes requests: those that remain end what they have
    /// begun and close their connections.
    /// </summary>
    private async Task WaitAsync(long number, int master, IReadOnlyCollection<int> before, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (await ProbeAsync(cancellationToken) != number || Workers(master).Intersect(before).Any(TakesRequests))
        {
            if (time.GetElapsedTime(since) > s_patience) throw new InvalidOperationException("nginx did not load its new configuration in time.");
            await Task.Delay(s_poll, time, cancellationToken);
        }
    }

    /// <summary>The number of the configuration that a new connection meets; null when nothing answers.</summary>
    private async Task<long?> ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Places.ProbeSocket), cancellationToken);
            await socket.SendAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray(), cancellationToken);
            var answer = new StringBuilder();
            var buffer = new byte[1024];
            while (await socket.ReceiveAsync(buffer, cancellationToken) is > 0 and var read) answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
            var body = answer.ToString().Split("\r\n\r\n", 2);
            return body.Length == 2 && long.TryParse(body[1], CultureInfo.InvariantCulture, out var number) ? number : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private int? MasterPid()
    {
        if (!int.TryParse(Read(Path.Combine(_folder, "nginx.pid")).Trim(), CultureInfo.InvariantCulture, out var pid)) return null;
        // The number may belong to another process by now.
        return CommandLineOf(pid).StartsWith("nginx: master process", StringComparison.Ordinal) && CommandLineOf(pid).Contains(_folder, StringComparison.Ordinal)
            ? pid
            : null;
    }

    private static int[] Workers(int master) =>
        [.. Read($"/proc/{master}/task/{master}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(p => int.Parse(p, CultureInfo.InvariantCulture))];

    // A worker changes its title when it is told to end.
    private static bool TakesRequests(int worker) => CommandLineOf(worker) is "nginx: worker process";

    private static string CommandLineOf(int pid) => Read($"/proc/{pid}/cmdline").Replace('\0', ' ').Trim();

    // A process and what tells of it may be gone at any moment, also in the middle of the reading.
    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>Runs nginx with arguments; answers what it complained of, empty when it did not.</summary>
    private async Task<string> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(options.Value.Nginx, [.. arguments, "-p", _folder, "-e", Path.Combine(_folder, "error.log")])
        {
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            // Read by line and only until the program ends: the server that it leaves behind holds the pipe open. One that failed leaves none.
            var complaint = new StringBuilder();
            process.ErrorDataReceived += (_, line) => complaint.AppendLine(line.Data);
            process.BeginErrorReadLine();
            while (!process.HasExited) await Task.Delay(s_poll, time, cancellationToken);
            if (process.ExitCode == 0) return "";
            await process.WaitForExitAsync(cancellationToken);
            return complaint.ToString().Trim() is { Length: > 0 } text ? text : $"exit code {process.ExitCode}";
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"`{options.Value.Nginx}` could not be run. Install nginx, or set MESH_ROUTER_NGINX.", e);
        }
    }

    [LoggerMessage(LogLevel.Error, "nginx refuses the new configuration and serves the last good one: {Refusal}")]
    private partial void LogRefused(string refusal);

    [LoggerMessage(LogLevel.Warning, "nginx (pid {Pid}) had requests left when its time was over")]
    private partial void LogEnded(int pid);
}
