using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace Mesh.Compat.Tests.References;

/// <summary>
/// Writes signatures as text that is the same for a reference and its definition. Types are given by full name only:
/// the same system type lives in different assemblies for different target frameworks.
/// </summary>
internal sealed class SignatureText(AssemblyMetadata assembly) : ISignatureTypeProvider<string, object?>
{
    public static string Of(MethodSignature<string> signature)
    {
        var receiver = signature.Header.IsInstance ? "instance" : "static";
        var generic = signature.GenericParameterCount > 0 ? $"`{signature.GenericParameterCount} " : "";
        return $"{receiver} {generic}{signature.ReturnType}({string.Join(", ", signature.ParameterTypes)})";
    }

    public static string OfField(string type) => $"field {type}";

    public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{new string(',', shape.Rank - 1)}]";

    public string GetByReferenceType(string elementType) => elementType + "&";

    public string GetFunctionPointerType(MethodSignature<string> signature) => $"function {Of(signature)}";

    public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) =>
        $"{genericType}<{string.Join(",", typeArguments)}>";

    public string GetGenericMethodParameter(object? genericContext, int index) => $"!!{index}";

    public string GetGenericTypeParameter(object? genericContext, int index) => $"!{index}";

    public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) =>
        $"{unmodifiedType} {(isRequired ? "modreq" : "modopt")}({modifier})";

    public string GetPinnedType(string elementType) => elementType;

    public string GetPointerType(string elementType) => elementType + "*";

    public string GetPrimitiveType(PrimitiveTypeCode typeCode) => $"System.{typeCode}";

    public string GetSZArrayType(string elementType) => elementType + "[]";

    public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) =>
        assembly.KeyOf(handle).Name;

    public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) =>
        assembly.KeyOf(handle).Name;

    public string GetTypeFromSpecification(
        MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);
}
