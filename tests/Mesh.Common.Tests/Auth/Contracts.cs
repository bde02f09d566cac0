using System.Reflection;
using Google.Protobuf.Reflection;
using Mesh.Auth.V1;

namespace Mesh.Common.Tests.Auth;

/// <summary>Every RPC of the contracts that are compiled into Mesh.</summary>
internal static class Contracts
{
    public static IReadOnlyList<MethodDescriptor> Methods { get; } =
    [
        .. typeof(AccessExtensions).Assembly.GetExportedTypes()
            .Where(t => t is { IsAbstract: true, IsSealed: true } && t.Name.EndsWith("Reflection", StringComparison.Ordinal))
            .Select(t => t.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null))
            .OfType<FileDescriptor>()
            .SelectMany(f => f.Services)
            .SelectMany(s => s.Methods),
    ];
}
