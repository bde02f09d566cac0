using Grpc.Core;
using Grpc.Net.Client;

namespace Mesh.Common.Discovery;

/// <summary>Calls to one instance of a service, with our token, the request's id and its deadline. Its end ends them.</summary>
public sealed class InstanceChannel(GrpcChannel channel, CallInvoker invoker) : IDisposable
{
    public CallInvoker Invoker => invoker;

    public void Dispose() => channel.Dispose();
}
