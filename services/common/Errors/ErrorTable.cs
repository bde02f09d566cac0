using System.Net.Sockets;
using Grpc.Core;
using Mesh.Common.ClickHouse;
using Microsoft.AspNetCore.Http;
using Npgsql;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace Mesh.Common.Errors;

/// <summary>The one place that decides which exception is which error, and which error is which HTTP status.</summary>
public static class ErrorTable
{
    /// <summary>The reason of a request that is larger than is taken; over HTTP it is 413.</summary>
    public const string TooLarge = "REQUEST_TOO_LARGE";

    /// <summary>The reason of a request of a type that is not taken; over HTTP it is 415.</summary>
    public const string UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE";

    private static readonly TimeSpan s_soon = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_later = TimeSpan.FromSeconds(1);

    /// <summary>The HTTP status of a gRPC status code.</summary>
    public static int HttpStatus(StatusCode code) => code switch
    {
        StatusCode.OK => StatusCodes.Status200OK,
        StatusCode.Cancelled => StatusCodes.Status499ClientClosedRequest,
        StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.OutOfRange => StatusCodes.Status400BadRequest,
        StatusCode.DeadlineExceeded => StatusCodes.Status504GatewayTimeout,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.AlreadyExists or StatusCode.Aborted => StatusCodes.Status409Conflict,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.Unimplemented => StatusCodes.Status501NotImplemented,
        StatusCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>The HTTP status of an error: HTTP tells some apart that have one code in gRPC.</summary>
    public static int HttpStatus(MeshException error) => error.Reason switch
    {
        // "Too much at once" may be sent again, "too large" may not.
        TooLarge => StatusCodes.Status413PayloadTooLarge,
        UnsupportedMediaType => StatusCodes.Status415UnsupportedMediaType,
        _ => HttpStatus(error.Code),
    };

    /// <summary>The error that an exception means to the caller. What is not listed is a fault of ours and says nothing.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="requestId">The id by which the logs know the request.</param>
    /// <param name="callerGone">Whether the caller's own cancellation token has fired.</param>
    /// <param name="deadlinePassed">Whether the caller's deadline has passed.</param>
    public static MeshException Translate(Exception exception, string requestId, bool callerGone = false, bool deadlinePassed = false) =>
        exception switch
        {
            MeshException known => known,
            _ when deadlinePassed && IsCancellation(exception) => MeshException.DeadlineExceeded(),
            _ when callerGone && IsCancellation(exception) => MeshException.Cancelled(),
            OperationCanceledException => MeshException.Unavailable("STOPPED", "The work was stopped before it was done.", s_later, exception),
            RpcException rpc => RpcErrors.Translate(rpc, requestId),
            PostgresException postgres => Translate(postgres, requestId),
            NpgsqlException => MeshException.Unavailable("DATABASE_UNAVAILABLE", "The database cannot be reached.", s_later, exception),
            ClickHouseException { IsBadPattern: true } =>
                MeshException.InvalidArgument("selector", "A regular expression is not known to the telemetry store, which takes RE2's."),
            ClickHouseException { IsTooLarge: true } => MeshException.OutOfRange(
                "QUERY_TOO_LARGE", "The question takes the telemetry store more time or memory than one may. Ask for less time, fewer series or a longer step."),
            ClickHouseException { IsTransient: true } =>
                MeshException.Unavailable("TELEMETRY_STORE_UNAVAILABLE", "The telemetry store cannot take the request now.", s_later, exception),
            BrokenCircuitException or TimeoutRejectedException or TimeoutException or HttpRequestException or SocketException =>
                MeshException.Unavailable("DEPENDENCY_UNAVAILABLE", "A part that this call needs cannot be reached.", s_later, exception),
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
                MeshException.ResourceExhausted(TooLarge, "The request is larger than this endpoint takes."),
            BadHttpRequestException bad => MeshException.InvalidArgument("request", bad.Message),
            _ => MeshException.Internal(requestId, exception),
        };

    private static MeshException Translate(PostgresException e, string requestId) => e.SqlState switch
    {
        PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.ExclusionViolation =>
            MeshException.AlreadyExists("ALREADY_EXISTS", "Another resource has this name or id already."),
        PostgresErrorCodes.ForeignKeyViolation =>
            MeshException.FailedPrecondition("RESOURCE_IN_USE", "A resource that this one refers to is missing, or one that refers to it is left."),
        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable =>
            MeshException.Aborted("CONCURRENT_CHANGE", "Another change came first. Repeat the call.", s_soon),
        PostgresErrorCodes.DiskFull => MeshException.ResourceExhausted("DATABASE_FULL", "The database has no room left.", s_later),
        PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.AdminShutdown
            or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.ReadOnlySqlTransaction =>
            MeshException.Unavailable("DATABASE_UNAVAILABLE", "The database cannot take the request now.", s_later, e),
        ['0', '8', ..] => MeshException.Unavailable("DATABASE_UNAVAILABLE", "The connection to the database broke.", s_later, e),
        _ => MeshException.Internal(requestId, e),
    };

    private static bool IsCancellation(Exception exception) =>
        exception is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled or StatusCode.DeadlineExceeded }
            or TimeoutException or IOException or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled }
            // What the gRPC server throws to a handler that reads or writes after its caller has gone.
            or InvalidOperationException { Source: "Grpc.AspNetCore.Server" }
        || exception.InnerException is OperationCanceledException;
}
