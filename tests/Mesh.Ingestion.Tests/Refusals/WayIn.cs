namespace Mesh.Ingestion.Tests.Refusals;

/// <summary>What a sender is told that may send again.</summary>
internal enum Reply
{
    /// <summary>All of it is durable.</summary>
    Taken,

    /// <summary>Nothing was taken; it is to be sent again after a while that was named.</summary>
    SendAgain,
}

/// <summary>One way by which telemetry comes in: a request of <see cref="Items"/> items, each time with new ones.</summary>
internal sealed class WayIn(string name, string table, Func<string, Task<Reply>> send)
{
    public const int Items = 10;

    private int _taken;
    private int _refused;

    /// <summary>The tenant whose data comes by this way alone.</summary>
    public string Tenant => name;

    public string Table => table;

    /// <summary>How many items were taken.</summary>
    public long Taken => _taken * (long)Items;

    /// <summary>How many requests were refused.</summary>
    public long Refused => _refused;

    public async Task<Reply> SendAsync()
    {
        var reply = await send(name);
        Interlocked.Increment(ref reply == Reply.Taken ? ref _taken : ref _refused);
        return reply;
    }
}
