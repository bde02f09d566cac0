namespace Mesh.Common.Hosting;

/// <summary>
/// What a request hands on to the calls that are made on its behalf. Flows with the asynchronous call chain; there is none in
/// background work.
/// </summary>
public sealed class RequestScope
{
    private static readonly AsyncLocal<RequestScope?> s_current = new();

    /// <summary>The scope of the request that is being served, if any.</summary>
    public static RequestScope? Current => s_current.Value;

    /// <summary>The id that logs and errors name the request by.</summary>
    public required string RequestId { get; init; }

    /// <summary>When the caller gives up; null when it waits for ever.</summary>
    public DateTime? Deadline { get; set; }

    internal static RequestScope Begin(string requestId)
    {
        var scope = new RequestScope { RequestId = requestId };
        s_current.Value = scope;
        return scope;
    }
}
