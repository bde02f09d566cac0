using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Mesh.Common.Resilience;
using Polly;

namespace Mesh.Common.ClickHouse;

/// <summary>ClickHouse over its HTTP interface. Statements are safe to repeat: DDL is idempotent and inserts carry a deduplication token.</summary>
public sealed class ClickHouseClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly ResiliencePipeline _pipeline;

    public ClickHouseClient(Uri server, TimeProvider time, PipelineLimits? limits = null)
    {
        var handler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(2) };
        _http = new HttpClient(handler) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        _pipeline = Pipelines.For(IsTransient, limits ?? PipelineLimits.Default with { Attempt = TimeSpan.FromSeconds(30) }, time);
    }

    /// <summary>Runs a statement that answers nothing.</summary>
    /// <param name="sql">The statement; `{name:Type}` stands for a parameter.</param>
    /// <param name="parameters">The parameters' values in ClickHouse's own notation.</param>
    /// <param name="cancellationToken">Ends the wait; the statement may still take effect.</param>
    public async Task ExecuteAsync(string sql, IReadOnlyDictionary<string, string>? parameters, CancellationToken cancellationToken) =>
        await _pipeline.ExecuteAsync(async token =>
        {
            using var response = await SendAsync(Path(parameters, "wait_end_of_query=1"), Text(sql), token);
            await response.Content.CopyToAsync(Stream.Null, token);
        }, cancellationToken);

    public Task ExecuteAsync(string sql, CancellationToken cancellationToken) => ExecuteAsync(sql, null, cancellationToken);

    /// <summary>
    /// Inserts a block of FORMAT Native exactly once: every repetition sends the same bytes under the same token, and ClickHouse
    /// drops the second. A token must never be used for other data.
    /// </summary>
    /// <param name="table">Where to.</param>
    /// <param name="columns">The columns that the block has.</param>
    /// <param name="pieces">The block's bytes. They are enumerated once for each attempt; a piece is done with when the next one is asked for.</param>
    /// <param name="deduplicationToken">What the block is known by.</param>
    /// <param name="cancellationToken">Ends the wait; the block may still be taken.</param>
    public async Task InsertNativeAsync(
        string table, IReadOnlyList<string> columns, IEnumerable<ReadOnlyMemory<byte>> pieces, string deduplicationToken, CancellationToken cancellationToken)
    {
        var sql = $"insert into {table} ({string.Join(", ", columns)}) format Native";
        // The block stays one block, however large: it becomes one part of each partition.
        // A materialized view must see the block again when the first attempt broke between the table and the view.
        // What merges would join has been joined by whoever sends it.
        var path = Path(null, "async_insert=0", "optimize_on_insert=0", "wait_end_of_query=1", "deduplicate_blocks_in_dependent_materialized_views=1",
            "max_partitions_per_insert_block=0", "min_insert_block_size_rows=16000000", "min_insert_block_size_bytes=2000000000", "query=" + Uri.EscapeDataString(sql),
            "insert_deduplication_token=" + Uri.EscapeDataString(deduplicationToken));
        await _pipeline.ExecuteAsync(async token =>
        {
            using var response = await SendAsync(path, new PiecesContent(pieces), token);
            await response.Content.CopyToAsync(Stream.Null, token);
        }, cancellationToken);
    }

    /// <summary>The rows of a query as they come.</summary>
    public async IAsyncEnumerable<ClickHouseRow> QueryAsync(
        string sql, IReadOnlyDictionary<string, string>? parameters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = Path(parameters, "default_format=JSONCompactEachRow", "output_format_json_quote_64bit_integers=0",
            "output_format_json_quote_denormals=1");
        using var response = await _pipeline.ExecuteAsync(async token => await SendAsync(path, Text(sql), token), cancellationToken);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length == 0) continue;
            // The answer had begun when the query failed: the error stands where a row should.
            if (line[0] != '[') throw Failure(response, line + await lines.ReadToEndAsync(cancellationToken));
            yield return new(JsonSerializer.Deserialize<JsonElement>(line));
        }
    }

    /// <summary>The answer of a query as bytes, in the format that the statement names. The caller disposes it.</summary>
    public async Task<Stream> QueryStreamAsync(string sql, IReadOnlyDictionary<string, string>? parameters, CancellationToken cancellationToken)
    {
        var response = await _pipeline.ExecuteAsync(async token => await SendAsync(Path(parameters), Text(sql), token), cancellationToken);
        return await response.Content.ReadAsStreamAsync(cancellationToken);
    }

    /// <summary>Whether the server answers.</summary>
    public async Task<bool> PingAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync("ping", cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(string path, HttpContent content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode && !response.Headers.Contains("X-ClickHouse-Exception-Code")) return response;
        using (response) throw Failure(response, await response.Content.ReadAsStringAsync(cancellationToken));
    }

    private static ClickHouseException Failure(HttpResponseMessage response, string text)
    {
        var code = response.Headers.TryGetValues("X-ClickHouse-Exception-Code", out var values) && int.TryParse(values.First(), out var given)
            ? given
            : CodeIn(text);
        return new(code, response.StatusCode, text.Length > 2000 ? text[..2000] : text);
    }

    /// <summary>The number in `Code: 60. DB::Exception: …`.</summary>
    private static int CodeIn(string text)
    {
        var start = text.IndexOf("Code: ", StringComparison.Ordinal);
        if (start < 0) return 0;
        var digits = text.AsSpan(start + 6);
        var end = digits.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(end < 0 ? digits : digits[..end], out var code) ? code : 0;
    }

    private static bool IsTransient(Exception e) => e is ClickHouseException { IsTransient: true } || Pipelines.IsTransientHttp(e);

    private static StringContent Text(string sql) => new(sql, Encoding.UTF8, new MediaTypeHeaderValue("text/plain"));

    private static string Path(IReadOnlyDictionary<string, string>? parameters, params string[] settings)
    {
        var given = parameters?.Select(p => $"param_{Uri.EscapeDataString(p.Key)}={Uri.EscapeDataString(p.Value)}") ?? [];
        return "?" + string.Join('&', settings.Concat(given));
    }
}
