using System.Collections.Concurrent;
using Google.Protobuf.Reflection;
using Mesh.Auth.V1;
using Mesh.Common.Hosting;

namespace Mesh.Common.Auth;

/// <summary>Which RPC demands what: from the contract, or, for a foreign contract that states nothing, from the service that serves it.</summary>
public sealed class AccessRules(ServiceCatalog catalog, IEnumerable<ForeignAccess> foreign)
{
    private static readonly Access s_open = new() { Role = Role.Anyone, Permission = "server.describe" };

    private readonly Dictionary<string, Access> _foreign = foreign
        .Append(new("grpc.health.v1.Health", s_open))
        .Append(new("grpc.reflection.v1.ServerReflection", s_open))
        .Append(new("grpc.reflection.v1alpha.ServerReflection", s_open))
        .ToDictionary(f => f.Service, f => f.Access);

    private readonly ConcurrentDictionary<string, Access?> _byPath = new(StringComparer.Ordinal);

    /// <summary>The demand of an RPC by its path, `/package.Service/Method`; null when none is stated.</summary>
    public Access? For(string path) => _byPath.TryGetValue(path, out var access) ? access : _byPath.GetOrAdd(path, Find);

    private Access? Find(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != 2) return null;
        return _foreign.TryGetValue(parts[0], out var access) ? access
            : catalog.Services.TryGetValue(parts[0], out var service) && service.FindMethodByName(parts[1]) is { } method ? Of(method)
            : null;
    }

    /// <summary>The demand that a contract states; null when it states none.</summary>
    public static Access? Of(MethodDescriptor method) =>
        method.GetOptions()?.GetExtension(AccessExtensions.Access) is { Role: not Role.Unspecified } access ? access : null;
}

/// <summary>The demand of every RPC of a foreign service, whose contract cannot state it.</summary>
public sealed record ForeignAccess(string Service, Access Access);
