using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Mesh.Agent.Scheduling;

/// <summary>Which node this is: the same after every restart. One data folder belongs to one running agent.</summary>
public sealed partial class NodeIdentity : IDisposable
{
    private readonly FileStream held;

    private NodeIdentity(string id, FileStream held) => (Id, this.held) = (id, held);

    public string Id { get; }

    public static NodeIdentity Take(string data, AgentOptions options)
    {
        var held = Hold(Path.Combine(data, "agent.lock"));
        var path = Path.Combine(data, "node");
        if (options.Node.Length == 0 && !File.Exists(path))
            File.WriteAllText(path, "node-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)));
        var id = options.Node.Length > 0 ? options.Node : File.ReadAllText(path).Trim();
        return Pattern().IsMatch(id)
            ? new(id, held)
            : throw new InvalidOperationException($"\"{id}\" is not a node id: lower-case letters, digits and dashes, at most 63, beginning with a letter.");
    }

    public void Dispose() => held.Dispose();

    private static FileStream Hold(string path)
    {
        try
        {
            return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new InvalidOperationException($"Another agent works in {Path.GetDirectoryName(path)}.", e);
        }
    }

    [GeneratedRegex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]
    private static partial Regex Pattern();
}
