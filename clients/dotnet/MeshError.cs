using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;

namespace Mesh.Client;

/// <summary>What a service said of an error, read out of `grpc-status-details-bin` (google.rpc.Status).</summary>
/// <param name="Code">The status code.</param>
/// <param name="Message">One sentence for people.</param>
/// <param name="Reason">The cause in UPPER_SNAKE_CASE, for programs; empty when the service gave none.</param>
/// <param name="Violations">The wrong fields of the request.</param>
/// <param name="RetryAfter">How long to wait before a retry; null when the service gave no time.</param>
/// <param name="RequestId">The id by which the service's logs name the request; empty when it gave none.</param>
public sealed record MeshError(
    StatusCode Code, string Message, string Reason, IReadOnlyList<MeshError.Violation> Violations, TimeSpan? RetryAfter, string RequestId)
{
    private const string DetailsTrailer = "grpc-status-details-bin";

    /// <summary>One wrong field: its path and what is wrong with it.</summary>
    public sealed record Violation(string Field, string Description);

    /// <summary>The error behind an exception.</summary>
    public static MeshError Of(RpcException exception)
    {
        var (reason, violations, retryAfter) = ("", new List<Violation>(), (TimeSpan?)null);
        foreach (var detail in DetailsOf(exception)?.Details ?? [])
        {
            if (detail.TryUnpack<ErrorInfo>(out var info)) reason = info.Reason;
            else if (detail.TryUnpack<BadRequest>(out var bad)) violations.AddRange(bad.FieldViolations.Select(v => new Violation(v.Field, v.Description)));
            else if (detail.TryUnpack<RetryInfo>(out var retry)) retryAfter = retry.RetryDelay?.ToTimeSpan();
        }
        var requestId = exception.Trailers.GetValue("x-request-id") ?? "";
        return new(exception.StatusCode, exception.Status.Detail, reason, violations, retryAfter, requestId);
    }

    private static Google.Rpc.Status? DetailsOf(RpcException exception)
    {
        if (exception.Trailers.GetValueBytes(DetailsTrailer) is not { } bytes) return null;
        try
        {
            return Google.Rpc.Status.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
