namespace Mesh.Router.Routing;

/// <summary>
/// Keeps routes from going back: the replica of the controller that a stream has come to may have read them before another one told us
/// of newer ones. A controller that stays behind for longer than a replica may has begun anew from older data, and is followed.
/// </summary>
internal sealed class RouteOrder(TimeProvider time)
{
    /// <summary>A replica that hears nothing looks for itself twice in this time.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private long _known;
    private long? _behindSince;

    /// <summary>Whether routes of a generation are to be taken.</summary>
    public bool Takes(long generation)
    {
        if (generation < _known && (_behindSince is not { } since || time.GetElapsedTime(since) < Patience))
        {
            _behindSince ??= time.GetTimestamp();
            return false;
        }
        (_known, _behindSince) = (generation, null);
        return true;
    }
}
