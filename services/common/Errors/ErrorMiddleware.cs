using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using Mesh.Common.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Errors;

/// <summary>Turns whatever an HTTP endpoint throws into a status and a google.rpc.Status, in JSON unless <see cref="ProtobufErrors"/> says otherwise.</summary>
internal sealed partial class ErrorMiddleware(RequestDelegate next, ILogger<ErrorMiddleware> logger)
{
    private static readonly JsonFormatter s_json = new(JsonFormatter.Settings.Default.WithTypeRegistry(
        TypeRegistry.FromFiles(ErrorDetailsReflection.Descriptor)));

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception e)
        {
            var error = ErrorTable.Translate(e, context.TraceIdentifier, context.RequestAborted.IsCancellationRequested);
            if (error.Code is StatusCode.Internal or StatusCode.DataLoss) LogFault(e, context.Request.Method, context.Request.Path);
            // Half an answer must not look like a whole one.
            if (context.Response.HasStarted) context.Abort();
            else await WriteAsync(context, error);
        }
    }

    /// <summary>Answers with an error.</summary>
    internal static Task WriteAsync(HttpContext context, MeshException error)
    {
        var requestId = context.Response.Headers[RequestIdMiddleware.Header];
        context.Response.Clear();
        context.Response.Headers[RequestIdMiddleware.Header] = requestId;
        context.Response.StatusCode = ErrorTable.HttpStatus(error);
        if (error.Code is StatusCode.Unauthenticated) context.Response.Headers.WWWAuthenticate = "Basic realm=\"mesh\"";
        if (error.RetryAfter is { } delay)
            context.Response.Headers.RetryAfter = Math.Ceiling(delay.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var asProtobuf = context.GetEndpoint()?.Metadata.GetMetadata<ProtobufErrors>() is not null && ProtobufErrors.Speaks(context.Request);
        context.Response.ContentType = asProtobuf ? ProtobufErrors.ContentType : "application/json";
        return asProtobuf
            ? context.Response.Body.WriteAsync(error.ToStatus().ToByteArray(), context.RequestAborted).AsTask()
            : context.Response.WriteAsync(s_json.Format(error.ToStatus()) + "\n", context.RequestAborted);
    }

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogFault(Exception exception, string method, string path);
}
