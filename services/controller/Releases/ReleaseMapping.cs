using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Errors;

namespace Mesh.Controller.Releases;

internal static partial class ReleaseMapping
{
    [GeneratedRegex("^[a-z0-9][a-z0-9._/-]*@sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})\\z", RegexOptions.CultureInvariant)]
    private static partial Regex ImagePattern { get; }

    public static V1.Release ToWire(this Release release) => new()
    {
        Name = release.Name.ToString(),
        Version = release.Version,
        Image = release.Image,
        ConfigVersion = release.ConfigVersion,
        Processes = { release.Processes },
        Description = release.Description,
        Build = release.Build,
        Creator = release.Creator,
        CreateTime = release.CreateTime.ToTimestamp(),
    };

    /// <summary>What a caller may state of a release.</summary>
    public static Release ToDomain(V1.Release? wire, string tenant)
    {
        if (wire is null) throw MeshException.InvalidArgument("release", "A release is required.");
        var violations = new List<FieldViolation>();
        if (!ImagePattern.IsMatch(wire.Image))
            violations.Add(new("release.image", "An image has the form `{tenant}/{repository}@sha256:{hex}`."));
        else if (!wire.Image.StartsWith(tenant + "/", StringComparison.Ordinal))
            violations.Add(new("release.image", "The image must be in a repository of the app's own tenant."));
        if (wire.Processes.Count is 0 or > 32) violations.Add(new("release.processes", "A release has 1 to 32 process types."));
        if (wire.Description.Length > 1000) violations.Add(new("release.description", "A description has at most 1,000 characters."));
        if (!Limits.IsText(wire.Description)) violations.Add(new("release.description", "A description has no NUL."));
        if (!Limits.IsText(wire.Build)) violations.Add(new("release.build", "A build's name has no NUL."));
        if (!wire.Processes.Values.All(Limits.IsText)) violations.Add(new("release.processes", "A command has no NUL."));
        if (violations.Count > 0) throw MeshException.InvalidArgument(violations);
        foreach (var type in wire.Processes.Keys) ProcessType.Check(type, "release.processes");
        return new Release { Image = wire.Image, Processes = wire.Processes.ToDictionary(), Description = wire.Description, Build = wire.Build };
    }
}
