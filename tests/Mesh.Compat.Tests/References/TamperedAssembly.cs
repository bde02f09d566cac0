using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Mesh.Compat.Tests.References;

/// <summary>A copy of an assembly with one thing wrong, to prove that the check sees it. The file is deleted on disposal.</summary>
internal sealed class TamperedAssembly : IDisposable
{
    // Within a row of the method table: four bytes of address, two of implementation flags, then the attributes.
    private const int MethodAttributesOffset = 6;

    private TamperedAssembly(byte[] content) => File.WriteAllBytes(Path, content);

    public string Path { get; } = System.IO.Path.GetTempFileName();

    /// <summary>Every type and member of this name gets another one.</summary>
    public static TamperedAssembly WithRenamed(string file, string name)
    {
        var content = File.ReadAllBytes(file);
        var wanted = System.Text.Encoding.UTF8.GetBytes($"\0{name}\0");
        var renamed = 0;
        for (int at = content.AsSpan().IndexOf(wanted), next = 0; next >= 0; at += next + 1)
        {
            content[at + 1] = (byte)'_';
            renamed++;
            next = content.AsSpan(at + 1).IndexOf(wanted);
        }

        return renamed > 0 ? new(content) : throw new ArgumentException($"{file} has no name {name}", nameof(name));
    }

    /// <summary>The methods of this name become private.</summary>
    public static TamperedAssembly WithPrivate(string file, string type, string method)
    {
        var content = File.ReadAllBytes(file);
        using var image = new PEReader(new MemoryStream(content));
        using var assembly = new AssemblyMetadata(file);
        var reader = assembly.Reader;
        var table = image.PEHeaders.MetadataStartOffset + reader.GetTableMetadataOffset(TableIndex.MethodDef);
        var definition = reader.GetTypeDefinition(assembly.FindType(type) ?? throw new ArgumentException("no such type", nameof(type)));
        foreach (var handle in definition.GetMethods())
        {
            var found = reader.GetMethodDefinition(handle);
            if (!reader.StringComparer.Equals(found.Name, method))
                continue;
            var row = table + ((MetadataTokens.GetRowNumber(handle) - 1) * reader.GetTableRowSize(TableIndex.MethodDef));
            var attributes = (found.Attributes & ~MethodAttributes.MemberAccessMask) | MethodAttributes.Private;
            BitConverter.TryWriteBytes(content.AsSpan(row + MethodAttributesOffset), (ushort)attributes);
        }

        return new(content);
    }

    public void Dispose() => File.Delete(Path);
}
