using System.Text.Json;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.OpenTsdb;

/// <summary>
/// OpenTSDB's `/api/put` (opentsdb.net, "HTTP API: /api/put"), which netdata and many others send: one data point or an array;
/// 204 where all are durable; with `summary` or `details` an account, with 400 where any failed.
/// </summary>
internal static class OpenTsdbEndpoint
{
    public static void MapOpenTsdb(this WebApplication app) => app.MapPost("/api/put", AnswerAsync);

    private static async Task<IResult> AnswerAsync(HttpContext http, IntakeService intake)
    {
        var errors = new List<OpenTsdbError>();
        var points = 0;
        await SampleRequest.TakeAsync(http, intake, (body, writer) =>
        {
            points = OpenTsdbPoints.Decode(body, writer, errors);
            ReceiverMetrics.Received("opentsdb");
        });
        var query = http.Request.Query;
        var status = errors.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;
        if (query.ContainsKey("details"))
            return Results.Json(new { success = points - errors.Count, failed = errors.Count, errors }, statusCode: status);
        if (query.ContainsKey("summary"))
            return Results.Json(new { success = points - errors.Count, failed = errors.Count }, statusCode: status);
        if (errors.Count == 0)
            return Results.NoContent();
        var error = new { code = status, message = "One or more data points had errors", details = "Append \"details\" to the put request to see them." };
        return Results.Json(new { error }, statusCode: status);
    }
}

/// <summary>A point that was refused, as OpenTSDB tells of it.</summary>
internal sealed record OpenTsdbError(JsonElement Datapoint, string Error);

/// <summary>Decodes data points.</summary>
internal static class OpenTsdbPoints
{
    // More digits than this are milliseconds.
    private const double MaxSeconds = 9_999_999_999;

    /// <summary>Decodes one point or an array of them; tells how many there were.</summary>
    public static int Decode(ReadOnlyMemory<byte> body, SampleWriter writer, List<OpenTsdbError> errors)
    {
        var points = 0;
        JsonFields.Read(body, root =>
        {
            if (root.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
                throw new InvalidDataException("a data point or an array of them is expected");
            foreach (var point in root.ValueKind == JsonValueKind.Object ? [root] : root.EnumerateArray().ToList())
            {
                points++;
                DecodePoint(point, writer, errors);
            }
        });
        return points;
    }

    private static void DecodePoint(JsonElement point, SampleWriter writer, List<OpenTsdbError> errors)
    {
        if (Add(point, writer) is { } error)
            errors.Add(new OpenTsdbError(point.Clone(), error));
    }

    private static string? Add(JsonElement point, SampleWriter writer)
    {
        if (point.ValueKind != JsonValueKind.Object || point.Text("metric").Length == 0)
            return "Metric name was empty";
        if (!point.TryGetProperty("timestamp", out var time) || time.AsNumber() is not { } at)
            return "Invalid timestamp";
        if (!point.TryGetProperty("value", out var given) || given.AsNumber() is not { } value)
            return "Unable to parse value to a number";

        writer.Begin(point.Text("metric"));
        if (point.TryGetProperty("tags", out var tags) && tags.ValueKind == JsonValueKind.Object)
        {
            foreach (var tag in tags.EnumerateObject())
                writer.Label(tag.Name, tag.Value.AsText() ?? "");
        }

        var reason = writer.Add(value, (long)(at > MaxSeconds ? at : at * 1000));
        return reason == RejectionReason.None ? null : Rejections.Message(reason);
    }
}
