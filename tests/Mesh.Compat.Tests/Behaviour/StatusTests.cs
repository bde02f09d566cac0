using Grpc.Core;

namespace Mesh.Compat.Tests.Behaviour;

public sealed class StatusTests
{
    [Fact]
    public void Statuses_are_equal_by_code_and_detail()
    {
        var status = new Status(StatusCode.NotFound, "no such app");

        Assert.Equal(new Status(StatusCode.NotFound, "no such app", new IOException()), status);
        Assert.NotEqual(new Status(StatusCode.NotFound, "no such tenant"), status);
        Assert.NotEqual(Status.DefaultSuccess, status);
    }

    [Fact]
    public void An_exception_carries_status_and_trailers()
    {
        var status = new Status(StatusCode.Aborted, "stale", new IOException("cut"));
        Metadata trailers = new() { { "retry", "1" } };

        var exception = new RpcException(status, trailers);

        Assert.Equal(StatusCode.Aborted, exception.StatusCode);
        Assert.Same(trailers, exception.Trailers);
        Assert.IsType<IOException>(exception.InnerException);
        Assert.Contains("stale", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StatusCode.OK, 0)]
    [InlineData(StatusCode.DeadlineExceeded, 4)]
    [InlineData(StatusCode.Unavailable, 14)]
    [InlineData(StatusCode.Unauthenticated, 16)]
    public void Codes_have_the_numbers_of_the_wire(StatusCode code, int number)
    {
        Assert.Equal(number, (int)code);
    }
}
