using Google.Rpc;
using Grpc.Core;
using Mesh.Common.Errors;

namespace Mesh.Controller.Tests.Servers;

/// <summary>What a refused call says.</summary>
internal static class Refused
{
    public static async Task WithAsync<T>(StatusCode code, string reason, AsyncUnaryCall<T> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.Equal((code, reason), (error.StatusCode, error.Reason()));
    }

    /// <summary>INVALID_ARGUMENT that names exactly these fields.</summary>
    public static async Task ForAsync<T>(AsyncUnaryCall<T> call, params string[] fields)
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Equal(fields, error.Details()?.Detail<BadRequest>()?.FieldViolations.Select(v => v.Field).Order(StringComparer.Ordinal));
    }

    public static async Task<StatusCode> CodeAsync<T>(AsyncUnaryCall<T> call)
    {
        try
        {
            await call;
            return StatusCode.OK;
        }
        catch (RpcException e)
        {
            return e.StatusCode;
        }
    }
}
