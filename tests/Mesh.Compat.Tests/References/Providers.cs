using System.Reflection;
using System.Reflection.Metadata;

namespace Mesh.Compat.Tests.References;

/// <summary>A type found in one of the checked assemblies.</summary>
internal sealed record FoundType(AssemblyMetadata Assembly, TypeDefinition Definition);

/// <summary>The assemblies that references are resolved in.</summary>
internal sealed class Providers(IEnumerable<AssemblyMetadata> assemblies)
{
    private readonly Dictionary<string, AssemblyMetadata> _assemblies = assemblies.ToDictionary(assembly => assembly.Name);

    public AssemblyMetadata? FindAssembly(string name) => _assemblies.GetValueOrDefault(name);

    /// <summary>Finds the type where it is defined, following it when its assembly forwards it to another.</summary>
    public FoundType? Find(TypeKey key)
    {
        if (FindAssembly(key.Assembly) is not { } assembly)
            return null;
        if (assembly.FindType(key.Name) is { } type)
            return new(assembly, assembly.Reader.GetTypeDefinition(type));
        return ForwardedTo(assembly, key.Name) is { } target ? Find(new(target, key.Name)) : null;
    }

    /// <summary>Says why the member cannot be used from the consumer, or null when it can.</summary>
    public string? WhyUnusable(TypeKey owner, string name, string signature, string consumer)
    {
        if (Find(owner) is not { } type)
            return "no such type";
        var (assembly, definition) = type;
        var named = MembersNamed(type, name).ToArray();
        foreach (var member in named)
        {
            if (member.Signature == signature)
                return member.Visible || assembly.HasFriend(consumer) ? null : $"it is {member.Access}";
        }

        if (named.Length > 0)
            return $"there is {string.Join("; ", named.Select(member => member.Signature))}";
        var parent = definition.BaseType.IsNil ? null : assembly.KeyOf(definition.BaseType);
        return parent is { } key && FindAssembly(key.Assembly) is not null
            ? WhyUnusable(key, name, signature, consumer)
            : "no such name";
    }

    public static bool IsVisible(FoundType type, string consumer) =>
        type.Assembly.HasFriend(consumer) || (type.Definition.Attributes & TypeAttributes.VisibilityMask)
            is TypeAttributes.Public or TypeAttributes.NestedPublic or TypeAttributes.NestedFamily or TypeAttributes.NestedFamORAssem;

    private static string? ForwardedTo(AssemblyMetadata assembly, string name)
    {
        var reader = assembly.Reader;
        foreach (var handle in reader.ExportedTypes)
        {
            var type = reader.GetExportedType(handle);
            if (type.IsForwarder && $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}" == name)
                return reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)type.Implementation).Name);
        }

        return null;
    }

    private static IEnumerable<Member> MembersNamed(FoundType type, string name)
    {
        var (assembly, definition) = type;
        foreach (var handle in definition.GetMethods())
        {
            var method = assembly.Reader.GetMethodDefinition(handle);
            var access = method.Attributes & MethodAttributes.MemberAccessMask;
            if (assembly.Reader.StringComparer.Equals(method.Name, name))
                yield return new(assembly.SignatureOf(method), access.ToString(), IsVisible(access));
        }

        foreach (var handle in definition.GetFields())
        {
            var field = assembly.Reader.GetFieldDefinition(handle);
            var access = (MethodAttributes)(field.Attributes & FieldAttributes.FieldAccessMask);
            if (assembly.Reader.StringComparer.Equals(field.Name, name))
                yield return new(assembly.SignatureOf(field), access.ToString(), IsVisible(access));
        }
    }

    // Fields and methods number their access the same way.
    private static bool IsVisible(MethodAttributes access) =>
        access is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem;

    private sealed record Member(string Signature, string Access, bool Visible);
}
