namespace Mesh.Agent.Allocations;

/// <summary>
/// Where the agent asks an allocation. A path comes from whoever deploys: put together as text, it stays a path whatever it says, while
/// resolved against an address `//elsewhere/` would lead to another host.
/// </summary>
internal static class LocalUrl
{
    /// <summary>The URL of a path on one of this node's ports; null when there is no such URL.</summary>
    public static Uri? Of(int port, string path) =>
        Uri.TryCreate($"http://127.0.0.1:{port}/{(path.StartsWith('/') ? path[1..] : path)}", UriKind.Absolute, out var url) ? url : null;
}
