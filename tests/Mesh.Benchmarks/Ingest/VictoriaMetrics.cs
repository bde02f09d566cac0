using System.Globalization;
using Mesh.Servers;
using Mesh.Testing;

namespace Mesh.Benchmarks.Ingest;

/// <summary>Debian's victoria-metrics with its defaults. It answers before the samples are durable; files follow within seconds.</summary>
internal sealed class VictoriaMetrics : ISide
{
    private readonly TestFolder _folder = new();
    private readonly ChildProcess _process;
    private readonly HttpClient _http;

    private VictoriaMetrics()
    {
        var port = FreePorts.Next();
        _process = ChildProcess.Start(new ServerCommand(
            Tools.Require("victoria-metrics"),
            [$"-storageDataPath={_folder.Path}", $"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=1"]));
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        Processes = new ProcessTree(_process.Id);
    }

    public Uri WriteAddress => new(_http.BaseAddress!, "/api/v1/write");

    public string? Token => null;

    public ProcessTree Processes { get; }

    public static async Task<VictoriaMetrics> StartAsync()
    {
        var server = new VictoriaMetrics();
        await Wait.UntilAsync("victoria-metrics answers", async () =>
        {
            try
            {
                using var response = await server._http.GetAsync("/health");
                return response.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return !server._process.HasExited ? false : throw new InvalidOperationException(server._process.Output);
            }
        });
        return server;
    }

    public async Task SettleAsync(long samples)
    {
        await _http.GetStringAsync("/internal/force_flush");
        var quiet = 0;
        await Wait.UntilAsync("victoria-metrics is at rest", async () =>
        {
            var metrics = await MetricsAsync();
            var rows = metrics.Where(m => m.Name.StartsWith("vm_rows{type=\"storage/", StringComparison.Ordinal)).Sum(m => m.Value);
            var merges = metrics.Where(m => m.Name.StartsWith("vm_active_merges{", StringComparison.Ordinal)).Sum(m => m.Value);
            quiet = rows >= samples && merges == 0 ? quiet + 1 : 0;
            await Task.Delay(200);
            return quiet >= 10;
        }, TimeSpan.FromMinutes(3));
    }

    public async Task<Dictionary<string, long>> MergeAsync()
    {
        await _http.GetStringAsync("/internal/force_merge?partition_prefix=");
        await Task.Delay(500);
        var quiet = 0;
        await Wait.UntilAsync("victoria-metrics has merged", async () =>
        {
            var merges = (await MetricsAsync()).Where(m => m.Name.StartsWith("vm_active", StringComparison.Ordinal) && m.Name.Contains("merges")).Sum(m => m.Value);
            quiet = merges == 0 ? quiet + 1 : 0;
            await Task.Delay(200);
            return quiet >= 10;
        }, TimeSpan.FromMinutes(3));
        return new() { ["samples"] = SizeOf("data"), ["index"] = SizeOf("indexdb") };
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    private long SizeOf(string folder) =>
        new DirectoryInfo(Path.Combine(_folder.Path, folder)).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    private async Task<List<(string Name, double Value)>> MetricsAsync() =>
    [
        .. (await _http.GetStringAsync("/metrics")).Split('\n').Where(line => line.StartsWith("vm_", StringComparison.Ordinal))
            .Select(line => (line[..line.LastIndexOf(' ')], double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture))),
    ];
}
