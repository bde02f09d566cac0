using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core;

/// <summary>Names the method that binds a generated service base to a server.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public class BindServiceMethodAttribute(
    [DynamicallyAccessedMembers(BindServiceMethodAttribute.Kept)] Type bindType, string bindMethodName) : Attribute
{
    private const DynamicallyAccessedMemberTypes Kept =
        DynamicallyAccessedMemberTypes.PublicMethods | DynamicallyAccessedMemberTypes.NonPublicMethods;

    /// <summary>The type that has the method.</summary>
    [DynamicallyAccessedMembers(Kept)]
    public Type BindType { get; } = bindType;

    /// <summary>The method's name.</summary>
    public string BindMethodName { get; } = bindMethodName;
}
