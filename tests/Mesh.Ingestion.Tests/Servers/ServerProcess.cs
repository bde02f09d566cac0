using System.Diagnostics;
using Mesh.Servers;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Servers;

/// <summary>A real server process that a test may kill and start again under the same address and data.</summary>
public abstract class ServerProcess : IAsyncDisposable
{
    private readonly List<string> _output = [];
    private Process? _process;

    public int Port { get; } = FreePorts.Next();

    /// <summary>The process's number; 0 while there is none.</summary>
    public int ProcessId => _process?.Id ?? 0;

    public Uri Address => new($"http://127.0.0.1:{Port}");

    /// <summary>The last lines that the process has written, for a failing test's message.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return string.Join('\n', _output.TakeLast(100));
        }
    }

    public async Task StartAsync()
    {
        var start = Describe();
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.RedirectStandardInput = true;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(2) };
        for (var watch = Stopwatch.StartNew(); !await AnswersAsync(http);)
        {
            Assert.False(_process.HasExited || watch.Elapsed > Wait.Limit, $"{GetType().Name} did not start:\n{Output}");
            await Task.Delay(50);
        }
    }

    /// <summary>Ends the process as kill -9 does.</summary>
    public async Task KillAsync()
    {
        if (_process is null)
            return;
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Asks the process to end, as an orchestrator does, and waits until it has.</summary>
    public async Task StopAsync()
    {
        if (_process is null)
            return;
        LinuxProcess.Signal(_process.Id, LinuxProcess.Terminate);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract ProcessStartInfo Describe();

    protected abstract Task<bool> AnswersAsync(HttpClient http);

    internal static string Repository { get; } = FindRepository();

    protected static async Task<bool> IsOkAsync(HttpClient http, string path)
    {
        try
        {
            using var response = await http.GetAsync(path);
            return response.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private static string FindRepository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Mesh.sln")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    private void Keep(string? line)
    {
        lock (_output)
            _output.Add(line ?? "");
    }
}
