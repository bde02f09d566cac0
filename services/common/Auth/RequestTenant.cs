using System.Linq.Expressions;
using System.Reflection;
using Google.Protobuf.Reflection;
using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Common.Auth;

/// <summary>Finds the tenant in a request: `parent`, `name`, and the `name` of each message that it carries. Compiled once a type.</summary>
internal static class RequestTenant<TRequest>
{
    private static readonly (string Field, Func<TRequest, string?> Read)[] s_names = Compile();

    /// <summary>The tenant's id; null when the request names none. Two different tenants are INVALID_ARGUMENT.</summary>
    public static string? Of(TRequest request)
    {
        string? found = null;
        foreach (var (field, read) in s_names)
        {
            if (read(request) is not { Length: > 0 } name || !TenantName.TryOwnerOf(name, out var tenant)) continue;
            if (found is not null && found != tenant) throw MeshException.InvalidArgument(field, "All names in a request must lie in one tenant.");
            found = tenant;
        }
        return found;
    }

    /// <summary>The first name in the request; empty when it names nothing.</summary>
    public static string NameIn(TRequest request) => s_names.Select(name => name.Read(request)).FirstOrDefault(name => name is { Length: > 0 }) ?? "";

    /// <summary>The error for a request that had to name a tenant.</summary>
    public static MeshException Missing() => MeshException.InvalidArgument(
        s_names.Length > 0 ? s_names[0].Field : "name", "A name that begins with `tenants/<tenant>` is required.");

    private static (string, Func<TRequest, string?>)[] Compile()
    {
        var descriptor = (MessageDescriptor?)typeof(TRequest).GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null);
        if (descriptor is null) return [];
        var names = new List<(string, Func<TRequest, string?>)>();
        foreach (var field in new[] { "parent", "name" })
        {
            if (IsText(descriptor.FindFieldByName(field))) names.Add((field, Read(field)));
        }
        foreach (var field in descriptor.Fields.InDeclarationOrder())
        {
            if (field is { FieldType: FieldType.Message, IsRepeated: false, IsMap: false } && IsText(field.MessageType.FindFieldByName("name")))
                names.Add((field.Name + ".name", Read(field.PropertyName, "Name")));
        }
        return [.. names];
    }

    private static bool IsText(FieldDescriptor? field) => field is { FieldType: FieldType.String, IsRepeated: false };

    private static Func<TRequest, string?> Read(params string[] path)
    {
        var request = Expression.Parameter(typeof(TRequest));
        Expression value = Expression.Property(request, Property(path[0]));
        if (path.Length == 2)
        {
            var text = Expression.Property(value, path[1]);
            value = Expression.Condition(Expression.Equal(value, Expression.Constant(null)), Expression.Constant(null, typeof(string)), text);
        }
        return Expression.Lambda<Func<TRequest, string?>>(value, request).Compile();
    }

    private static string Property(string name) => char.ToUpperInvariant(name[0]) + name[1..];
}
