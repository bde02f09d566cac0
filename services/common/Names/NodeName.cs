namespace Mesh.Common.Names;

/// <summary>A node: `nodes/worker-1`.</summary>
public sealed record NodeName(string Node)
{
    /// <summary>The name's parts; throws INVALID_ARGUMENT on the field when the name is malformed.</summary>
    public static NodeName Parse(string value, string field = "name")
    {
        var ids = ResourceNames.Parse(value, field, "nodes/*", ResourceNames.IsId);
        return new(ids[0]);
    }

    /// <summary>The id when it is well formed; otherwise INVALID_ARGUMENT on the field.</summary>
    public static string CheckId(string id, string field) => ResourceNames.CheckId(id, field);

    public override string ToString() => $"nodes/{Node}";
}
