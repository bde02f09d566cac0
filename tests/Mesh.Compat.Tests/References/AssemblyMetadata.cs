using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Mesh.Compat.Tests.References;

/// <summary>The metadata of one assembly file, read without loading it.</summary>
internal sealed class AssemblyMetadata : IDisposable
{
    private const byte GenericInstance = 0x15;

    private readonly PEReader _file;
    private readonly Dictionary<string, TypeDefinitionHandle> _types;
    private readonly HashSet<string> _friends;
    private readonly SignatureText _signatures;

    public AssemblyMetadata(string path)
    {
        _file = new PEReader(File.OpenRead(path));
        Reader = _file.GetMetadataReader();
        _signatures = new SignatureText(this);
        var definition = Reader.GetAssemblyDefinition();
        Name = Reader.GetString(definition.Name);
        Identity = definition.GetAssemblyName();
        _types = Reader.TypeDefinitions.ToDictionary(type => KeyOf(type).Name);
        _friends = [.. FriendsOf(definition)];
    }

    public MetadataReader Reader { get; }

    public string Name { get; }

    public AssemblyName Identity { get; }

    /// <summary>Whether the other assembly sees this one's internals.</summary>
    public bool HasFriend(string assembly) => _friends.Contains(assembly);

    public TypeDefinitionHandle? FindType(string name) => _types.TryGetValue(name, out var type) ? type : null;

    public TypeKey KeyOf(TypeDefinitionHandle handle)
    {
        var type = Reader.GetTypeDefinition(handle);
        var name = Reader.GetString(type.Name);
        var outer = type.GetDeclaringType();
        return new(Name, outer.IsNil ? Qualified(type.Namespace, name) : $"{KeyOf(outer).Name}/{name}");
    }

    public TypeKey KeyOf(TypeReferenceHandle handle)
    {
        var type = Reader.GetTypeReference(handle);
        var name = Reader.GetString(type.Name);
        switch (type.ResolutionScope.Kind)
        {
            case HandleKind.TypeReference:
                var outer = KeyOf((TypeReferenceHandle)type.ResolutionScope);
                return new(outer.Assembly, $"{outer.Name}/{name}");
            case HandleKind.AssemblyReference:
                var assembly = Reader.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope);
                return new(Reader.GetString(assembly.Name), Qualified(type.Namespace, name));
            default:
                return new(Name, Qualified(type.Namespace, name));
        }
    }

    /// <summary>The type behind any handle that can stand for a base type or a member's parent; null for arrays and the like.</summary>
    public TypeKey? KeyOf(EntityHandle handle) => handle.Kind switch
    {
        HandleKind.TypeReference => KeyOf((TypeReferenceHandle)handle),
        HandleKind.TypeDefinition => KeyOf((TypeDefinitionHandle)handle),
        HandleKind.TypeSpecification => KeyOfInstance((TypeSpecificationHandle)handle),
        _ => null,
    };

    public string SignatureOf(MethodDefinition method) => SignatureText.Of(method.DecodeSignature(_signatures, null));

    public string SignatureOf(FieldDefinition field) => SignatureText.OfField(field.DecodeSignature(_signatures, null));

    public string SignatureOf(MemberReference member) => member.GetKind() == MemberReferenceKind.Method
        ? SignatureText.Of(member.DecodeMethodSignature(_signatures, null))
        : SignatureText.OfField(member.DecodeFieldSignature(_signatures, null));

    public void Dispose() => _file.Dispose();

    private string Qualified(StringHandle space, string name) => $"{Reader.GetString(space)}.{name}";

    private TypeKey? KeyOfInstance(TypeSpecificationHandle handle)
    {
        var signature = Reader.GetBlobReader(Reader.GetTypeSpecification(handle).Signature);
        if (signature.ReadByte() != GenericInstance)
            return null;
        signature.ReadByte();
        return KeyOf(signature.ReadTypeHandle());
    }

    private IEnumerable<string> FriendsOf(AssemblyDefinition definition)
    {
        foreach (var handle in definition.GetCustomAttributes())
        {
            var attribute = Reader.GetCustomAttribute(handle);
            if (attribute.Constructor.Kind != HandleKind.MemberReference)
                continue;
            var constructor = Reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor);
            if (KeyOf(constructor.Parent)?.Name != "System.Runtime.CompilerServices.InternalsVisibleToAttribute")
                continue;
            var value = Reader.GetBlobReader(attribute.Value);
            value.ReadUInt16();
            yield return value.ReadSerializedString()!.Split(',')[0];
        }
    }
}
