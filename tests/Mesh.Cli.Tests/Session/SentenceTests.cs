using Grpc.Core;
using Mesh.Cli.Session;
using Mesh.Client;

namespace Mesh.Cli.Tests.Session;

public sealed class SentenceTests
{
    [Fact]
    public void A_plain_error_is_its_message() =>
        Assert.Equal("There is no app `shop`.", CommandActions.Sentence(Error(StatusCode.NotFound, "There is no app `shop`.", "APP_NOT_FOUND")));

    [Fact]
    public void Wrong_fields_are_named_one_by_one()
    {
        var error = Error(StatusCode.InvalidArgument, "wrong") with { Violations = [new("app_id", "Too long."), new("", "Odd.")] };
        Assert.Equal("app_id: Too long. Odd.", CommandActions.Sentence(error));
    }

    [Fact]
    public void One_who_is_not_signed_in_is_told_how_to()
    {
        Assert.Equal("No token. Sign in with `mesh login`.", CommandActions.Sentence(Error(StatusCode.Unauthenticated, "No token.")));
        Assert.Equal("Run `mesh login`.", CommandActions.Sentence(Error(StatusCode.Unauthenticated, "Run `mesh login`.")));
    }

    [Fact]
    public void When_nothing_answers_the_stack_is_pointed_to()
    {
        Assert.EndsWith("See `mesh local status`.", CommandActions.Sentence(Error(StatusCode.Unavailable, "Connection refused.")), StringComparison.Ordinal);
        Assert.Equal("The disk is full.", CommandActions.Sentence(Error(StatusCode.Unavailable, "The disk is full.", "DISK_FULL")));
    }

    [Fact]
    public void A_refusal_says_when_to_try_again()
    {
        var error = Error(StatusCode.ResourceExhausted, "Too much.", "BUSY") with { RetryAfter = TimeSpan.FromMilliseconds(1500) };
        Assert.Equal("Too much. Try again in 1.5 s.", CommandActions.Sentence(error));
        Assert.Equal("Too much.", CommandActions.Sentence(error with { RetryAfter = null }));
    }

    [Theory]
    [InlineData(StatusCode.OK, 0)]
    [InlineData(StatusCode.InvalidArgument, 2)]
    [InlineData(StatusCode.NotFound, 3)]
    [InlineData(StatusCode.Unauthenticated, 4)]
    [InlineData(StatusCode.PermissionDenied, 4)]
    [InlineData(StatusCode.Unavailable, 5)]
    [InlineData(StatusCode.DeadlineExceeded, 5)]
    [InlineData(StatusCode.Internal, 1)]
    [InlineData(StatusCode.Aborted, 1)]
    [InlineData(StatusCode.AlreadyExists, 1)]
    [InlineData(StatusCode.FailedPrecondition, 1)]
    [InlineData(StatusCode.ResourceExhausted, 1)]
    public void An_error_has_an_exit_code(StatusCode code, int exit) => Assert.Equal(exit, ExitCodes.Of(code));

    private static MeshError Error(StatusCode code, string message, string reason = "") => new(code, message, reason, [], null, "");
}
