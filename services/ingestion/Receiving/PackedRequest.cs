using Mesh.Common.Errors;

namespace Mesh.Ingestion.Receiving;

/// <summary>A request as Prometheus sends it: one message in protobuf, packed with snappy.</summary>
internal static class PackedRequest
{
    private const string ContentType = "application/x-protobuf";

    /// <summary>Refuses a request that says to be anything else: 415. What says nothing is taken for the message.</summary>
    public static void Check(HttpRequest request, string message)
    {
        if (!IsUnderstood(request, message))
            throw MeshException.InvalidArgument(ErrorTable.UnsupportedMediaType, "content-type", $"Send {message} as {ContentType}, packed with snappy.");
    }

    private static bool IsUnderstood(HttpRequest request, string message)
    {
        var type = request.ContentType ?? ContentType;
        var proto = type.IndexOf("proto=", StringComparison.OrdinalIgnoreCase);
        return type.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
            && (proto < 0 || type[(proto + 6)..].Split(';')[0].Trim().Trim('"') == message)
            && request.Headers.ContentEncoding.ToString() is "" or "snappy";
    }
}
