using Grpc.Core;

namespace Mesh.Registry.Tests.Servers;

/// <summary>Asks for something that another call is about to make.</summary>
internal static class Polled
{
    /// <summary>Whether the answer is the expected one; false as long as there is nothing to ask about.</summary>
    public static async Task<bool> IsAsync(Func<Task<long>> ask, long expected)
    {
        try
        {
            return await ask() == expected;
        }
        catch (RpcException early) when (early.StatusCode == StatusCode.NotFound)
        {
            return false;
        }
    }
}
