using System.Reflection;
using Google.Protobuf.Reflection;
using Grpc.Net.Client.Configuration;
using Mesh.Auth.V1;

namespace Mesh.Common.Discovery;

/// <summary>
/// The RPCs that may be sent twice: they only read, they carry a request id, or they state the whole outcome. Only these are
/// retried when a server is away.
/// </summary>
internal static class IdempotentMethods
{
    private static readonly string[] s_verbs =
        ["Get", "List", "Batch", "Watch", "Query", "Search", "Resolve", "Check", "Plan", "Apply", "Stream", "Tail", "Read", "Download"];

    /// <summary>All of them in Mesh's contracts.</summary>
    public static IReadOnlyList<MethodName> All { get; } = Find();

    private static MethodName[] Find() => typeof(AccessExtensions).Assembly.GetExportedTypes()
        .Where(t => t.IsAbstract && t.IsSealed && t.Name.EndsWith("Reflection", StringComparison.Ordinal))
        .Select(t => t.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null))
        .OfType<FileDescriptor>()
        .SelectMany(f => f.Services)
        .SelectMany(s => s.Methods)
        .Where(m => !m.IsClientStreaming && IsIdempotent(m))
        .Select(m => new MethodName { Service = m.Service.FullName, Method = m.Name })
        .ToArray();

    private static bool IsIdempotent(MethodDescriptor method) =>
        s_verbs.Any(v => method.Name.StartsWith(v, StringComparison.Ordinal)) || method.InputType.FindFieldByName("request_id") is not null;
}
