using Grpc.Core;
using Mesh.Common.Errors;
using Npgsql;

namespace Mesh.Common.Tests.Errors;

public sealed class ErrorTableTests
{
    [Theory]
    [InlineData(PostgresErrorCodes.UniqueViolation, StatusCode.AlreadyExists, false)]
    [InlineData(PostgresErrorCodes.ForeignKeyViolation, StatusCode.FailedPrecondition, false)]
    [InlineData(PostgresErrorCodes.SerializationFailure, StatusCode.Aborted, true)]
    [InlineData(PostgresErrorCodes.DeadlockDetected, StatusCode.Aborted, true)]
    [InlineData(PostgresErrorCodes.AdminShutdown, StatusCode.Unavailable, true)]
    [InlineData(PostgresErrorCodes.ConnectionFailure, StatusCode.Unavailable, true)]
    [InlineData(PostgresErrorCodes.DiskFull, StatusCode.ResourceExhausted, true)]
    [InlineData(PostgresErrorCodes.UndefinedTable, StatusCode.Internal, false)]
    public void Each_database_error_has_its_code(string state, StatusCode code, bool retry)
    {
        var error = ErrorTable.Translate(new PostgresException("secret detail", "ERROR", "ERROR", state), "r1");
        Assert.Equal(code, error.Code);
        Assert.Equal(retry, error.RetryAfter is not null);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_that_cannot_be_reached_is_unavailable() =>
        Assert.Equal(StatusCode.Unavailable, ErrorTable.Translate(new NpgsqlException("refused"), "r1").Code);

    [Theory]
    [InlineData(false, false, StatusCode.Unavailable)]
    [InlineData(true, false, StatusCode.Cancelled)]
    [InlineData(true, true, StatusCode.DeadlineExceeded)]
    [InlineData(false, true, StatusCode.DeadlineExceeded)]
    public void A_cancellation_says_who_gave_up(bool callerGone, bool deadlinePassed, StatusCode code) =>
        Assert.Equal(code, ErrorTable.Translate(new OperationCanceledException(), "r1", callerGone, deadlinePassed).Code);

    [Fact]
    public void An_unknown_exception_tells_nothing_but_the_request()
    {
        var error = ErrorTable.Translate(new InvalidOperationException("secret"), "r1");
        Assert.Equal(StatusCode.Internal, error.Code);
        Assert.Contains("r1", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToStatus().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_of_another_service_is_passed_on_with_its_reason()
    {
        var remote = MeshException.Aborted("ETAG_MISMATCH", "Stale.", TimeSpan.FromSeconds(2)).ToRpcException();
        var error = ErrorTable.Translate(remote, "r1");
        Assert.Equal((StatusCode.Aborted, "ETAG_MISMATCH", TimeSpan.FromSeconds(2)), (error.Code, error.Reason, error.RetryAfter));
    }

    [Theory]
    [InlineData(StatusCode.Unauthenticated)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.Unknown)]
    public void That_our_own_call_was_refused_is_not_the_callers_fault(StatusCode code) =>
        Assert.Equal(StatusCode.Internal, ErrorTable.Translate(new RpcException(new Status(code, "secret")), "r1").Code);

    [Fact]
    public void Every_code_has_an_http_status() => Assert.All(Enum.GetValues<StatusCode>(), code =>
        Assert.InRange(ErrorTable.HttpStatus(code), code == StatusCode.OK ? 200 : 400, 599));
}
