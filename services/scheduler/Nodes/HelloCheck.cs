using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Scheduler.Nodes;

/// <summary>Refuses what an agent may not say of itself: what the database cannot keep, and what would be counted wrong.</summary>
internal static class HelloCheck
{
    private const int MostAttributes = 200, LongestText = 1000;

    /// <summary>The node's id.</summary>
    public static string NodeOf(V1.ConnectRequest.Types.Hello hello)
    {
        var node = NodeName.CheckId(hello.NodeId, "hello.node_id");
        if (!NodeAddress.IsHost(hello.Address))
            throw MeshException.InvalidArgument("hello.address", "The address must be an IP address at which others reach the node, in its usual form.");
        if (hello.Attributes.Count > MostAttributes || hello.Attributes.Any(attribute => !IsText(attribute.Key) || !IsText(attribute.Value)))
            throw MeshException.InvalidArgument("hello.attributes", $"There are at most {MostAttributes} attributes, of at most {LongestText} characters and without NUL.");
        if (!IsText(hello.Version))
            throw MeshException.InvalidArgument("hello.version", $"A version has at most {LongestText} characters and no NUL.");
        if (hello.Capacity is { } capacity && (capacity.CpuMillis < 0 || capacity.MemoryBytes < 0 || capacity.DiskBytes < 0))
            throw MeshException.InvalidArgument("hello.capacity", "A capacity is not negative.");
        return node;
    }

    private static bool IsText(string text) => text.Length <= LongestText && !text.Contains('\0', StringComparison.Ordinal);
}
