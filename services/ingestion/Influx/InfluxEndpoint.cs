using System.Text;
using Mesh.Common.Errors;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.Influx;

/// <summary>
/// What Telegraf and other senders of line protocol need of InfluxDB: writing as in version 1 ("/write HTTP endpoint") and 2
/// ("Write data with the InfluxDB API"), and what they ask for when they connect. Database, bucket and organization say
/// nothing here: the tenant is the token's, or the one that is named.
/// </summary>
internal static class InfluxEndpoint
{
    private const string Version = "1.8.10";

    public static void MapInflux(this WebApplication app)
    {
        app.MapPost("/write", (HttpContext http, IntakeService intake, LabelCache labels) => WriteAsync(http, intake, labels));
        app.MapPost("/api/v2/write", (HttpContext http, IntakeService intake, LabelCache labels) => WriteAsync(http, intake, labels));
        app.MapMethods("/ping", ["GET", "HEAD"], (HttpContext http) =>
        {
            http.Response.Headers["X-Influxdb-Version"] = Version;
            http.Response.StatusCode = StatusCodes.Status204NoContent;
        });
        app.MapGet("/health", () => Results.Json(new { name = "influxdb", message = "ready for writes", status = "pass", version = Version }));
        app.MapMethods("/query", ["GET", "POST"], (Delegate)AnswerQueryAsync);
    }

    private static async Task WriteAsync(HttpContext http, IntakeService intake, LabelCache labels)
    {
        TakeCredentials(http.Request);
        var precision = InfluxPrecision.Parse(http.Request.Query["precision"].ToString());
        var (failed, error) = (0, "");
        var rejections = await SampleRequest.TakeAsync(http, intake, (body, writer) =>
        {
            using var decoder = new InfluxDecoder(writer.Tenant, writer.Target, labels, precision);
            decoder.Decode(body.Span);
            (failed, error) = (decoder.Failed, decoder.FirstError);
            ReceiverMetrics.Received("influx", decoder.Texts);
        });
        if (failed == 0 && rejections.Total == 0)
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        // Senders look for these words, and do not send the rest again.
        var message = string.Join(' ', ((string[])["partial write:", error, rejections.Describe(), $"dropped={failed + rejections.Total}"]).Where(part => part.Length > 0));
        http.Response.Headers["X-Influxdb-Error"] = new string([.. message.Where(char.IsAscii)]);
        http.Response.StatusCode = StatusCodes.Status400BadRequest;
        await http.Response.WriteAsJsonAsync(new { code = "invalid", message, error = message }, http.RequestAborted);
    }

    // Version 1 may carry user and password in the query.
    private static void TakeCredentials(HttpRequest request)
    {
        if (request.Headers.Authorization.ToString().Length == 0 && request.Query["p"].ToString() is { Length: > 0 } password)
            request.Headers.Authorization = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("influx:" + password));
    }

    // Telegraf makes its database before it writes.
    private static async Task<IResult> AnswerQueryAsync(HttpContext http)
    {
        TakeCredentials(http.Request);
        await HttpSender.WritesForAsync(http);
        var query = http.Request.Query["q"].ToString();
        if (query.Length == 0 && http.Request.HasFormContentType)
            query = (await http.Request.ReadFormAsync(http.RequestAborted))["q"].ToString();
        return query.StartsWith("CREATE DATABASE", StringComparison.OrdinalIgnoreCase)
            ? Results.Json(new { results = new[] { new { statement_id = 0 } } })
            : throw MeshException.InvalidArgument("q", "InfluxQL is not answered here. Ask by mesh.ingestion.v1.QueryService, or by PromQL over remote read.");
    }
}
