using Google.Protobuf.WellKnownTypes;

namespace Mesh.Cli.Rendering;

/// <summary>Times for people.</summary>
internal static class Ago
{
    public static string Of(Timestamp? time) => time is null ? "-" : Of(TimeProvider.System.GetUtcNow() - time.ToDateTimeOffset());

    internal static string Of(TimeSpan age) => age switch
    {
        { TotalSeconds: < 1 } => "now",
        { TotalMinutes: < 1 } => $"{(int)age.TotalSeconds}s ago",
        { TotalHours: < 1 } => $"{(int)age.TotalMinutes}m ago",
        { TotalDays: < 1 } => $"{(int)age.TotalHours}h ago",
        _ => $"{(int)age.TotalDays}d ago",
    };
}
