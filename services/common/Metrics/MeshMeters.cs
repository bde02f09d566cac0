namespace Mesh.Common.Metrics;

/// <summary>The meters that are read out. A service's own meters begin with <see cref="Name"/>.</summary>
public static class MeshMeters
{
    /// <summary>The meter of what all services share; a service's own is `Mesh.Registry` and so on.</summary>
    public const string Name = "Mesh";

    /// <summary>The meters of the platform below us.</summary>
    internal static IReadOnlyList<string> Foreign { get; } =
        ["System.Runtime", "Npgsql", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Hosting"];

    /// <summary>Whether a meter is exported.</summary>
    public static bool IsRead(string meter) =>
        meter == Name || meter.StartsWith(Name + ".", StringComparison.Ordinal) || Foreign.Contains(meter);
}
