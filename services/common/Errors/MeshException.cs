using Grpc.Core;

namespace Mesh.Common.Errors;

/// <summary>
/// An error that the caller may see. Thrown anywhere; one interceptor (gRPC) and one middleware (HTTP) turn it into an answer.
/// </summary>
public sealed class MeshException : Exception
{
    /// <summary>The domain of every reason that Mesh gives.</summary>
    public const string Domain = "mesh";

    private MeshException(StatusCode code, string reason, string message, TimeSpan? retryAfter = null, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        Reason = reason;
        RetryAfter = retryAfter;
    }

    /// <summary>The gRPC status code; <see cref="ErrorTable"/> gives the HTTP status that belongs to it.</summary>
    public StatusCode Code { get; }

    /// <summary>The cause in UPPER_SNAKE_CASE, for programs.</summary>
    public string Reason { get; }

    /// <summary>How long the caller should wait before a retry; null when a retry does not help.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>The wrong fields of the request; empty unless the code is INVALID_ARGUMENT.</summary>
    public IReadOnlyList<FieldViolation> Violations { get; private init; } = [];

    /// <summary>Facts about the error that a program may show or act on. Never a secret.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; init; } = new Dictionary<string, string>();

    public static MeshException NotFound(string reason, string message) => new(StatusCode.NotFound, reason, message);

    public static MeshException InvalidArgument(string field, string description) => InvalidArgument([new(field, description)]);

    public static MeshException InvalidArgument(IReadOnlyList<FieldViolation> violations) =>
        new(StatusCode.InvalidArgument, "INVALID_ARGUMENT", string.Join("; ", violations.Select(v => $"{v.Field}: {v.Description}")))
        {
            Violations = violations,
        };

    /// <summary>One wrong field, with a reason of its own for programs that tell such errors apart.</summary>
    public static MeshException InvalidArgument(string reason, string field, string description) =>
        new(StatusCode.InvalidArgument, reason, $"{field}: {description}") { Violations = [new(field, description)] };

    public static MeshException AlreadyExists(string reason, string message) => new(StatusCode.AlreadyExists, reason, message);

    public static MeshException FailedPrecondition(string reason, string message) =>
        new(StatusCode.FailedPrecondition, reason, message);

    public static MeshException Aborted(string reason, string message, TimeSpan? retryAfter = null) =>
        new(StatusCode.Aborted, reason, message, retryAfter);

    public static MeshException PermissionDenied(string reason, string message) => new(StatusCode.PermissionDenied, reason, message);

    public static MeshException Unauthenticated(string reason, string message) => new(StatusCode.Unauthenticated, reason, message);

    public static MeshException ResourceExhausted(string reason, string message, TimeSpan? retryAfter = null) =>
        new(StatusCode.ResourceExhausted, reason, message, retryAfter);

    public static MeshException Unavailable(string reason, string message, TimeSpan? retryAfter = null, Exception? inner = null) =>
        new(StatusCode.Unavailable, reason, message, retryAfter ?? TimeSpan.FromSeconds(1), inner);

    public static MeshException OutOfRange(string reason, string message) => new(StatusCode.OutOfRange, reason, message);

    public static MeshException DataLoss(string reason, string message) => new(StatusCode.DataLoss, reason, message);

    public static MeshException Unimplemented(string reason, string message) => new(StatusCode.Unimplemented, reason, message);

    /// <summary>The caller gave up.</summary>
    internal static MeshException Cancelled() => new(StatusCode.Cancelled, "CANCELLED", "The caller cancelled the call.");

    /// <summary>The caller's deadline passed.</summary>
    internal static MeshException DeadlineExceeded() =>
        new(StatusCode.DeadlineExceeded, "DEADLINE_EXCEEDED", "The deadline passed before the call was done.");

    /// <summary>A fault of ours: the message names nothing but the request id, which the logs know.</summary>
    internal static MeshException Internal(string requestId, Exception inner) =>
        new(StatusCode.Internal, "INTERNAL", $"An internal error occurred. The request id is {requestId}.", inner: inner)
        {
            Facts = new Dictionary<string, string> { ["request_id"] = requestId },
        };

    /// <summary>An error of another service of ours, passed on as it was.</summary>
    internal static MeshException Of(
        StatusCode code, string reason, string message, TimeSpan? retryAfter, IReadOnlyList<FieldViolation> violations, Exception inner) =>
        new(code, reason, message, retryAfter, inner) { Violations = violations };
}
