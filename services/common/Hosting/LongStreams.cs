using Mesh.Common.Errors;

namespace Mesh.Common.Hosting;

/// <summary>
/// Streams that last until somebody ends them: watches, tails, connections. A server that stops lets them run through the drain pause,
/// and ends them then, so that their callers go on at an instance that they know by now.
/// </summary>
internal sealed class LongStreams : IDisposable
{
    private static readonly string[] s_verbs = ["Watch", "Tail", "Connect", "Stream"];
    private readonly CancellationTokenSource _ending = new();

    /// <summary>Fires when they have to end.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Whether a method, `/package.Service/Name`, is such a stream.</summary>
    public static bool Includes(string method)
    {
        var name = method.AsSpan(method.LastIndexOf('/') + 1);
        foreach (var verb in s_verbs)
        {
            if (name.StartsWith(verb, StringComparison.Ordinal)) return true;
        }
        return false;
    }

    /// <summary>What their callers hear.</summary>
    public static MeshException Stopping() =>
        MeshException.Unavailable("STOPPING", "This instance is stopping. Call again.", TimeSpan.FromMilliseconds(100));

    public void End() => _ending.Cancel();

    public void Dispose() => _ending.Dispose();
}
