using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using RpcStatus = Google.Rpc.Status;

namespace Mesh.Common.Errors;

/// <summary>Between <see cref="MeshException"/> and what gRPC carries: a status, and its details in a trailer.</summary>
public static class RpcErrors
{
    /// <summary>The trailer that holds a serialized google.rpc.Status.</summary>
    public const string DetailsTrailer = "grpc-status-details-bin";

    /// <summary>What a server throws to its gRPC stack.</summary>
    public static RpcException ToRpcException(this MeshException error)
    {
        var trailers = new Metadata { { DetailsTrailer, error.ToStatus().ToByteArray() } };
        return new RpcException(new Grpc.Core.Status(error.Code, error.Message), trailers);
    }

    /// <summary>The google.rpc.Status with all details.</summary>
    public static RpcStatus ToStatus(this MeshException error)
    {
        var status = new RpcStatus { Code = (int)error.Code, Message = error.Message };
        var info = new ErrorInfo { Reason = error.Reason, Domain = MeshException.Domain };
        info.Metadata.Add(new Dictionary<string, string>(error.Facts));
        status.Details.Add(Any.Pack(info));
        if (error.Violations.Count > 0)
        {
            var bad = new BadRequest();
            bad.FieldViolations.Add(error.Violations.Select(v => new BadRequest.Types.FieldViolation { Field = v.Field, Description = v.Description }));
            status.Details.Add(Any.Pack(bad));
        }
        if (error.Code == StatusCode.ResourceExhausted)
        {
            var violation = new QuotaFailure.Types.Violation { Subject = error.Facts.GetValueOrDefault("subject", ""), Description = error.Message };
            status.Details.Add(Any.Pack(new QuotaFailure { Violations = { violation } }));
        }
        if (error.RetryAfter is { } delay) status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = delay.ToDuration() }));
        return status;
    }

    /// <summary>The details that a server sent with an error; null when it sent none that can be read.</summary>
    public static RpcStatus? Details(this RpcException exception)
    {
        if (exception.Trailers.GetValueBytes(DetailsTrailer) is not { } bytes) return null;
        try
        {
            return RpcStatus.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>The reason that a server gave with an error; empty when it gave none.</summary>
    public static string Reason(this RpcException exception) => exception.Details()?.Detail<ErrorInfo>()?.Reason ?? "";

    /// <summary>The first detail of a type; null when there is none.</summary>
    public static T? Detail<T>(this RpcStatus status) where T : class, IMessage<T>, new() =>
        status.Details.FirstOrDefault(d => d.Is(new T().Descriptor))?.Unpack<T>();

    /// <summary>
    /// An error of a call that a handler made to another service. What concerns the caller is passed on; that our own token was
    /// refused, or that the other side broke, is our fault and not the caller's.
    /// </summary>
    internal static MeshException Translate(RpcException exception, string requestId)
    {
        if (exception.StatusCode is StatusCode.Internal or StatusCode.Unknown or StatusCode.Unauthenticated or StatusCode.Unimplemented
            or StatusCode.OK) return MeshException.Internal(requestId, exception);
        // The caller is still there: it was we who gave the other side up.
        if (exception.StatusCode is StatusCode.Cancelled)
            return MeshException.Unavailable("DEPENDENCY_UNAVAILABLE", "A service that this call needs did not answer in time.", inner: exception);
        var details = exception.Details();
        var reason = details?.Detail<ErrorInfo>()?.Reason is { Length: > 0 } given ? given : Name(exception.StatusCode);
        var retry = details?.Detail<RetryInfo>()?.RetryDelay?.ToTimeSpan();
        if (retry is null && exception.StatusCode is StatusCode.Unavailable) retry = TimeSpan.FromSeconds(1);
        var violations = details?.Detail<BadRequest>()?.FieldViolations.Select(v => new FieldViolation(v.Field, v.Description)).ToArray() ?? [];
        var message = details is null && exception.StatusCode is StatusCode.Unavailable
            ? "A service that this call needs cannot be reached."
            : exception.Status.Detail;
        return MeshException.Of(exception.StatusCode, reason, message, retry, violations, exception);
    }

    /// <summary>A status code's name as gRPC writes it, for instance NOT_FOUND.</summary>
    public static string Name(StatusCode code) => s_names[(int)code];

    private static readonly string[] s_names =
    [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
}
