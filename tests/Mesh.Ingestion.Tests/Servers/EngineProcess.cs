using System.Diagnostics;
using System.Globalization;

namespace Mesh.Ingestion.Tests.Servers;

/// <summary>The ClickHouse engine.</summary>
public sealed class EngineProcess(string folder) : ServerProcess
{
    public async Task<string> QueryAsync(string sql)
    {
        using var http = new HttpClient { BaseAddress = Address };
        using var response = await http.PostAsync("/", new StringContent(sql));
        var text = (await response.Content.ReadAsStringAsync()).TrimEnd('\n');
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }

    public async Task<long> NumberAsync(string sql) => long.Parse(await QueryAsync(sql), CultureInfo.InvariantCulture);

    public async Task InsertAsync(string table, byte[] native)
    {
        using var http = new HttpClient { BaseAddress = Address };
        var sql = Uri.EscapeDataString($"insert into {table} format Native");
        using var response = await http.PostAsync($"/?query={sql}", new ByteArrayContent(native));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    protected override ProcessStartInfo Describe()
    {
        var start = new ProcessStartInfo(Path.Combine(Repository, "artifacts/bin/Mesh.ClickHouseHost/release/Mesh.ClickHouseHost"))
        {
            ArgumentList = { "--data", folder, "--port", Port.ToString(CultureInfo.InvariantCulture), "--watch-stdin" },
        };
        start.Environment["MESH_CLICKHOUSE_LIBRARY"] = Library.Value;
        return start;
    }

    protected override Task<bool> AnswersAsync(HttpClient http) => IsOkAsync(http, "/ping");

    private static readonly Lazy<string> Library = new(() =>
    {
        using var setup = Process.Start(new ProcessStartInfo("bash")
        {
            ArgumentList = { Path.Combine(Repository, "eng/setup"), "--path", "clickhouse" },
            RedirectStandardOutput = true,
        })!;
        return setup.StandardOutput.ReadToEnd().Trim();
    });
}
