using Grpc.Core;

namespace Mesh.Common.Tests.Hosting;

/// <summary>How tests call.</summary>
internal static class Calls
{
    public static Metadata As(string token) => new() { { "authorization", "Bearer " + token } };

    public static async Task<RpcException> FailsAsync<T>(AsyncUnaryCall<T> call) =>
        await Assert.ThrowsAsync<RpcException>(async () => await call);
}
