using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;

namespace Mesh.Common.Errors;

/// <summary>Marks an endpoint that answers a request in protobuf with errors in protobuf; a request in anything else has them in JSON.</summary>
public sealed class ProtobufErrors
{
    /// <summary>The type of such a request, and of such an error.</summary>
    public const string ContentType = "application/x-protobuf";

    internal static bool Speaks(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && string.Equals(type.MediaType, ContentType, StringComparison.OrdinalIgnoreCase);
}
