using System.Globalization;

namespace Mesh.Registry;

/// <summary>What can be set about the registry.</summary>
public sealed record RegistryOptions
{
    /// <summary>MESH_REGISTRY_COLLECTION_GRACE_SECONDS: how long a blob without a manifest is kept after a push last saw it.</summary>
    public TimeSpan CollectionGrace { get; init; } = TimeSpan.FromHours(24);

    /// <summary>MESH_REGISTRY_COLLECTION_INTERVAL_SECONDS: the time between two collections.</summary>
    public TimeSpan CollectionInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>MESH_REGISTRY_UPLOAD_GRACE_SECONDS: how long an upload may lie without a new byte before it is thrown away.</summary>
    public TimeSpan UploadGrace { get; init; } = TimeSpan.FromHours(24);

    internal static RegistryOptions Read(IConfiguration configuration)
    {
        var defaults = new RegistryOptions();
        return new RegistryOptions
        {
            CollectionGrace = Seconds(configuration, "MESH_REGISTRY_COLLECTION_GRACE_SECONDS", 0) ?? defaults.CollectionGrace,
            CollectionInterval = Seconds(configuration, "MESH_REGISTRY_COLLECTION_INTERVAL_SECONDS", 1) ?? defaults.CollectionInterval,
            UploadGrace = Seconds(configuration, "MESH_REGISTRY_UPLOAD_GRACE_SECONDS", 1) ?? defaults.UploadGrace,
        };
    }

    private static TimeSpan? Seconds(IConfiguration configuration, string name, int least)
    {
        if (configuration[name] is not { Length: > 0 } text) return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds >= least
            ? TimeSpan.FromSeconds(seconds)
            : throw new InvalidOperationException($"{name} must be a whole number of seconds, at least {least}.");
    }
}
