using System.Text.Json;
using Mesh.Common.Errors;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Receiving;

namespace Mesh.Ingestion.Collectd;

/// <summary>What collectd's plug-in write_http sends in `Format "JSON"` (collectd.conf(5), "Plugin write_http").</summary>
internal static class CollectdEndpoint
{
    public static void MapCollectd(this WebApplication app) => app.MapPost("/collectd", async (HttpContext http, IntakeService intake) =>
    {
        var rejections = await SampleRequest.TakeAsync(http, intake, (body, writer) =>
        {
            CollectdValues.Decode(body, writer);
            ReceiverMetrics.Received("collectd");
        });
        if (rejections.Total > 0)
            throw MeshException.InvalidArgument("values", $"Refused, while the rest was taken: {rejections.Describe()}");
        return Results.NoContent();
    });
}

/// <summary>
/// Brings lists of values into samples, named as collectd's own exporter for Prometheus names them:
/// `collectd_PLUGIN_TYPE_DSNAME`, with `_total` where the value counts.
/// </summary>
internal static class CollectdValues
{
    public static void Decode(ReadOnlyMemory<byte> body, SampleWriter writer) => JsonFields.Read(body, root => Decode(root, writer));

    private static void Decode(JsonElement root, SampleWriter writer)
    {
        if (root.ValueKind != JsonValueKind.Array)
            throw new InvalidDataException("an array of value lists is expected; set Format \"JSON\"");
        foreach (var list in root.EnumerateArray())
        {
            if (list.ValueKind != JsonValueKind.Object || !list.TryGetProperty("values", out var values) || values.ValueKind != JsonValueKind.Array)
                throw new InvalidDataException("a value list has no values");
            DecodeList(list, values, writer);
        }
    }

    private static void DecodeList(JsonElement list, JsonElement values, SampleWriter writer)
    {
        var milliseconds = list.TryGetProperty("time", out var time) && time.AsNumber() is { } seconds ? (long?)(seconds * 1000) : null;
        var number = 0;
        foreach (var value in values.EnumerateArray())
        {
            // A value that collectd does not know is null.
            if (value.AsNumber() is { } known)
            {
                Begin(list, Item(list, "dsnames", number), Item(list, "dstypes", number), writer);
                writer.Add(known, milliseconds);
            }

            number++;
        }
    }

    private static void Begin(JsonElement list, string source, string type, SampleWriter writer)
    {
        var (plugin, kind) = (list.Text("plugin"), list.Text("type"));
        var metric = plugin == kind ? $"collectd_{kind}" : $"collectd_{plugin}_{kind}";
        if (source is not ("" or "value"))
            metric += "_" + source;
        writer.Begin(type is "counter" or "derive" ? metric + "_total" : metric);
        writer.Label("instance", list.Text("host"));

        var (instance, typeInstance) = (list.Text("plugin_instance"), list.Text("type_instance"));
        if (instance.Length > 0)
            writer.Label(plugin, instance);
        writer.Label(instance.Length > 0 ? "type" : plugin, typeInstance);
    }

    private static string Item(JsonElement list, string name, int number) =>
        list.TryGetProperty(name, out var items) && items.ValueKind == JsonValueKind.Array && number < items.GetArrayLength()
            ? items[number].AsText() ?? ""
            : "";
}
