using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Mesh.Servers;
using Mesh.Testing;
using Npgsql;

namespace Mesh.Ingestion.Tests.Gnocchi;

/// <summary>A real Gnocchi of Debian's packages, which keeps its index in PostgreSQL and its measures in files.</summary>
internal sealed class GnocchiProgram : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly ChildProcess _process;
    private readonly HttpClient _http;

    private GnocchiProgram(string database)
    {
        var port = FreePorts.Next();
        var index = new NpgsqlConnectionStringBuilder(database);
        var configuration = Path.Combine(_folder.Path, "gnocchi.conf");
        File.WriteAllText(configuration, $"""
            [api]
            auth_mode = basic
            [indexer]
            url = postgresql://{index.Username}@{index.Host}:{index.Port}/{index.Database}
            [storage]
            driver = file
            file_basepath = {_folder.Path}
            [incoming]
            driver = file
            file_basepath = {_folder.Path}
            """);
        var packages = Tools.Require("gnocchi");
        var libraries = Path.Combine(packages, "usr/lib/x86_64-linux-gnu");
        var script = Path.Combine(Repository.Root, "tests/senders/gnocchi/serve.py");

        // Without the packages of the system (-S), which another machine may lack.
        _process = ChildProcess.Start(new ServerCommand(Tools.Require("python3"), ["-S", script, configuration, $"{port}"])
        {
            WorkingFolder = _folder.Path,
            Environment = new Dictionary<string, string>
            {
                ["PYTHONPATH"] = Path.Combine(packages, "usr/lib/python3/dist-packages"),
                ["PYTHONWARNINGS"] = "ignore",
                ["LD_LIBRARY_PATH"] = $"{libraries}:{libraries}/blas:{libraries}/lapack",
            },
        });
        Address = new UriBuilder("http", "127.0.0.1", port) { UserName = "admin" }.Uri;
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/v1/") };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String("admin:"u8));
    }

    public Uri Address { get; }

    public static async Task<GnocchiProgram> StartAsync()
    {
        var gnocchi = new GnocchiProgram(await (await PostgresServer.GetAsync()).CreateDatabaseAsync());
        try
        {
            // It compiles itself when it is started for the first time.
            await Wait.UntilAsync("Gnocchi answers", gnocchi.AnswersAsync, TimeSpan.FromMinutes(3));
            return gnocchi;
        }
        catch (TimeoutException exception)
        {
            await gnocchi.DisposeAsync();
            throw new TimeoutException($"{exception.Message}\n{gnocchi._process.Output}");
        }
    }

    public Task CreatePolicyAsync(string name, string[] aggregations, params (string Granularity, int Points)[] definition) => PostAsync("archive_policy", new
    {
        name, back_window = 10, aggregation_methods = aggregations,
        definition = definition.Select(item => new { granularity = item.Granularity, points = item.Points }),
    });

    /// <summary>Makes a resource with metrics, each of an archive policy; gives their ids.</summary>
    public async Task<IReadOnlyDictionary<string, string>> CreateResourceAsync(string id, params (string Metric, string Unit, string Policy)[] metrics)
    {
        var answer = await PostAsync("resource/generic", new
        {
            id, metrics = metrics.ToDictionary(item => item.Metric, item => new { archive_policy_name = item.Policy, unit = item.Unit }),
        });
        return answer.GetProperty("metrics").Deserialize<Dictionary<string, string>>()!;
    }

    /// <summary>Sends measures of a metric that keeps maxima, and has them aggregated before it returns.</summary>
    public async Task PushAsync(string metric, params IEnumerable<(DateTimeOffset Time, double Value)> measures)
    {
        await PostAsync($"metric/{metric}/measures", measures.Select(item => new { timestamp = item.Time.ToString("O", CultureInfo.InvariantCulture), value = item.Value }));
        await GetAsync($"metric/{metric}/measures?aggregation=max&refresh=true");
    }

    /// <summary>What it answers of a metric, by time.</summary>
    public async Task<IReadOnlyDictionary<DateTimeOffset, double>> ReadAsync(string metric, string aggregation, int granularity) =>
        (await GetAsync($"metric/{metric}/measures?aggregation={aggregation}&granularity={granularity}")).EnumerateArray()
            .ToDictionary(triple => triple[0].GetDateTimeOffset(), triple => triple[2].GetDouble());

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        Assert.False(_process.HasExited, $"Gnocchi ended:\n{_process.Output}");
        try
        {
            using var answer = await _http.GetAsync(new Uri("metric", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private Task<JsonElement> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path));

    private Task<JsonElement> PostAsync(string path, object body) => SendAsync(new HttpRequestMessage(HttpMethod.Post, path)
    {
        Content = new StringContent(JsonSerializer.Serialize(body), MediaTypeHeaderValue.Parse("application/json")),
    });

    private async Task<JsonElement> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            try
            {
                using var answer = await _http.SendAsync(request);
                var text = await answer.Content.ReadAsStringAsync();
                Assert.True(answer.IsSuccessStatusCode, $"{request.RequestUri}: {text}\n{_process.Output}");
                return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
            }
            catch (HttpRequestException exception)
            {
                throw new InvalidOperationException(
                    $"{request.RequestUri}: {exception.Message} Gnocchi {(_process.HasExited ? "has ended" : "goes on")}:\n{_process.Output}", exception);
            }
        }
    }
}
