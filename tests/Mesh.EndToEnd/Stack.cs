using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Mesh.Client;
using Mesh.Servers;
using Mesh.Testing;

namespace Mesh.EndToEnd;

/// <summary>One whole stack in a folder of its own, started by `mesh local up` and stopped by `mesh local down`.</summary>
public sealed class Stack : IAsyncLifetime, IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = Wait.Limit };
    private Dictionary<string, string> _endpoints = [];

    public string Home => Path.Combine(_folder.Path, "home");

    /// <summary>The address of a program, as `endpoints.json` has it.</summary>
    public Uri Endpoint(string name) => new(_endpoints[name]);

    public string Token => File.ReadAllText(Path.Combine(Home, "token")).Trim();

    /// <summary>The API as the operator, made anew so that no old connection is used.</summary>
    public MeshClient Connect(string? token = null) => new(new MeshClientOptions { Address = Endpoint("api"), Token = token ?? Token });

    public async Task InitializeAsync()
    {
        await UpAsync();
        (await MeshAsync("tenants", "create", "acme")).Succeeded();
    }

    public async Task DisposeAsync() => await DownAsync();

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    public async Task UpAsync()
    {
        (await MeshAsync("local", "up", "--detach")).Succeeded();
        await using var file = File.OpenRead(Path.Combine(Home, "endpoints.json"));
        _endpoints = (await JsonSerializer.DeserializeAsync<Dictionary<string, string>>(file))!;
    }

    public async Task DownAsync() => (await MeshAsync("local", "down")).Succeeded();

    /// <summary>Runs the `mesh` command against this stack.</summary>
    public Task<CommandResult> MeshAsync(params string[] arguments) => CommandResult.RunAsync(
        Repository.Program("Mesh.Cli", "mesh"), arguments, new Dictionary<string, string>
        {
            ["MESH_HOME"] = Home, ["MESH_TENANT"] = "acme", ["MESH_ADDRESS"] = "", ["MESH_TOKEN"] = "", ["XDG_CONFIG_HOME"] = _folder.Path,
        });

    /// <summary>A copy of a sample that a test may change.</summary>
    public string CopySample(string sample)
    {
        var copy = Path.Combine(_folder.Path, Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(copy);
        var source = Path.Combine(Repository.Root, "samples", sample);
        foreach (var file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        return copy;
    }

    /// <summary>Asks an app through the router, by its host name.</summary>
    [SuppressMessage("Reliability", "CA2000", Justification = "The caller disposes the response.")]
    public async Task<HttpResponseMessage> AskAsync(string app, string path = "/")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Endpoint("router"), path));
        request.Headers.Host = $"{app}.acme.localhost";
        // nginx closes the connections that wait for a next request when it reloads, so each request has its own.
        request.Headers.ConnectionClose = true;
        return await _http.SendAsync(request);
    }

    public async Task<string> PageAsync(string app)
    {
        using var response = await AskAsync(app);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>The process of a program that the supervisor runs; 0 while there is none.</summary>
    public int PidOf(string program)
    {
        try
        {
            using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(Home, "pids", program + ".json")));
            return record.RootElement.GetProperty("pid").GetInt32();
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }

    public void Kill(string program)
    {
        // The number 0 would stand for this process and all that it has started.
        var process = PidOf(program);
        Assert.NotEqual(0, process);
        LinuxProcess.Signal(process, LinuxProcess.Kill);
    }

    /// <summary>Processes whose command line or environment names this stack's folder.</summary>
    public IReadOnlyList<string> Processes() =>
    [
        .. Directory.GetDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out var pid) && pid != Environment.ProcessId)
            .Select(CommandLineOf).Where(c => c.Contains(Home, StringComparison.Ordinal)),
    ];

    private static string CommandLineOf(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ').Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }
}

/// <summary>Tests of this collection share one stack and run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class StackCollection : ICollectionFixture<Stack>
{
    public const string Name = "stack";
}
