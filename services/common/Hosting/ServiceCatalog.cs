using System.Collections.Frozen;
using System.Reflection;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Routing;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Mesh.Common.Hosting;

/// <summary>The gRPC services that this server has mapped, by the descriptors of their generated code.</summary>
public sealed class ServiceCatalog(EndpointDataSource endpoints)
{
    private readonly Lazy<FrozenDictionary<string, ServiceDescriptor>> _services = new(() => Find(endpoints));

    /// <summary>The descriptors, by full service name. Complete once the server has started.</summary>
    public IReadOnlyDictionary<string, ServiceDescriptor> Services => _services.Value;

    public IEnumerable<string> ServiceNames => _services.Value.Keys;

    /// <summary>All RPCs.</summary>
    public IEnumerable<MethodDescriptor> Methods => _services.Value.Values.SelectMany(s => s.Methods);

    private static FrozenDictionary<string, ServiceDescriptor> Find(EndpointDataSource endpoints) => endpoints.Endpoints
        .Select(e => e.Metadata.GetMetadata<GrpcMethodMetadata>()?.ServiceType)
        .OfType<Type>()
        .Distinct()
        .Select(DescriptorOf)
        .OfType<ServiceDescriptor>()
        .ToFrozenDictionary(s => s.FullName);

    /// <summary>The generated class around a service base has the descriptor.</summary>
    private static ServiceDescriptor? DescriptorOf(Type implementation)
    {
        for (var type = implementation; type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is not { } bind) continue;
            return (ServiceDescriptor?)bind.BindType.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null);
        }
        return null;
    }
}
