using System.Globalization;
using System.Text;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Ingestion.Query;
using Mesh.Ingestion.Receiving;

namespace Mesh.Ingestion.Federation;

/// <summary>
/// A tenant's latest values for a Prometheus that scrapes them (prometheus.io, "Federation"): `/federate?match[]=SELECTOR…`,
/// and `/tenants/TENANT/metrics` with everything. Reading changes nothing: the same values are there for the next reader.
/// `/metrics` answers the same to whoever shows a token, and the program's own metrics to whoever shows none.
/// </summary>
internal static class FederationEndpoint
{
    private const int MaxSelectors = 50;
    private const int FlushChars = 64 << 10;

    public static void MapFederation(this WebApplication app)
    {
        app.MapGet("/federate", async (HttpContext http, LatestStore store) =>
            await WriteAsync(http, store, await HttpSender.ReadsFromAsync(http), SelectorsOf(http.Request)));
        app.MapGet("/metrics", async (HttpContext http, LatestStore store) =>
        {
            var selectors = SelectorsOf(http.Request);
            await WriteAsync(http, store, await HttpSender.ReadsFromAsync(http), selectors.Count > 0 ? selectors : [Selector.All]);
        }).WithMetadata(OnlyWithToken.Demand).WithOrder(-1);
        app.MapGet("/tenants/{tenant}/metrics", async (string tenant, HttpContext http, LatestStore store) =>
        {
            await http.AuthenticateMeshAsync();
            await WriteAsync(http, store, HttpSender.ReadsFrom(http.Principal(), tenant), [Selector.All]);
        });
    }

    private static List<Selector> SelectorsOf(HttpRequest request)
    {
        var selectors = request.Query["match[]"].Select(text => Selector.Parse(text ?? "", "match[]")).ToList();
        return selectors.Count <= MaxSelectors
            ? selectors
            : throw MeshException.InvalidArgument("match[]", $"A request has at most {MaxSelectors} selectors.");
    }

    private static async Task WriteAsync(HttpContext http, LatestStore store, string tenant, List<Selector> selectors)
    {
        http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        var written = new HashSet<ulong>();
        var text = new StringBuilder();
        foreach (var selector in selectors)
        {
            await foreach (var sample in store.ReadAsync(tenant, selector, http.RequestAborted))
            {
                if (!written.Add(sample.Series))
                    continue;
                if (written.Count > LatestStore.MaxSeries)
                    throw MeshException.OutOfRange("TOO_MANY_SERIES", $"More than {LatestStore.MaxSeries} series match. Narrow the selectors.");
                Append(text, sample);
                if (text.Length >= FlushChars)
                    await FlushAsync(http, text);
            }
        }

        await FlushAsync(http, text);
    }

    private static void Append(StringBuilder text, LatestSample sample)
    {
        text.Append(sample.Metric);
        var separator = '{';
        foreach (var label in sample.Labels.EnumerateObject())
        {
            text.Append(separator).Append(label.Name).Append("=\"").Append(Escape(label.Value.GetString()!)).Append('"');
            separator = ',';
        }

        // Without it the reader would put its own in (prometheus.io, "Federation").
        if (!sample.Labels.TryGetProperty("instance", out _))
            text.Append(separator).Append("instance=\"\"");
        text.Append('}');
        text.Append(' ').Append(Number(sample.Value)).Append(' ').Append(sample.Milliseconds).Append('\n');
    }

    private static string Escape(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static async Task FlushAsync(HttpContext http, StringBuilder text)
    {
        await http.Response.WriteAsync(text.ToString(), http.RequestAborted);
        text.Clear();
    }
}
