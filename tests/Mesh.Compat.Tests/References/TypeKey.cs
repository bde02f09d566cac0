namespace Mesh.Compat.Tests.References;

/// <summary>A type by the simple name of its assembly and its full name; nested types are separated by a slash.</summary>
internal readonly record struct TypeKey(string Assembly, string Name)
{
    public override string ToString() => $"{Assembly}|{Name}";
}
