using System.Text.RegularExpressions;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;

namespace Mesh.Controller.Configs;

internal static partial class ConfigMapping
{
    private const int LongestValue = 32 * 1024, MostVariables = 512;

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]{0,127}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern { get; }

    public static V1.Config ToWire(this Config config) => new()
    {
        Name = $"{config.AppName}/config",
        Version = config.Version,
        Variables =
        {
            config.Variables.ToDictionary(v => v.Key, v => new V1.Variable { Value = v.Value.Value, Secret = v.Value.Sealed is not null }),
        },
        Etag = ETag.Of(config.Version),
        UpdateTime = config.Version == 0 ? null : config.CreateTime.ToTimestamp(),
    };

    /// <summary>The app of a config's name, `tenants/*/apps/*/config`.</summary>
    public static AppName ParseName(string name)
    {
        const string suffix = "/config";
        return name.EndsWith(suffix, StringComparison.Ordinal)
            ? AppName.Parse(name[..^suffix.Length])
            : throw MeshException.InvalidArgument("name", "The name must have the form `tenants/*/apps/*/config`.");
    }

    public static Dictionary<string, GivenVariable> ToDomain(MapField<string, V1.Variable> set)
    {
        Check(set.ToDictionary(v => v.Key, v => v.Value.Value), "set");
        return set.ToDictionary(v => v.Key, v => new GivenVariable(v.Value.Value, v.Value.Secret));
    }

    /// <summary>What every environment obeys; INVALID_ARGUMENT otherwise, with each wrong variable named.</summary>
    public static Dictionary<string, string> Check(Dictionary<string, string> set, string field)
    {
        var violations = new List<FieldViolation>();
        if (set.Count > MostVariables) violations.Add(new(field, $"There are at most {MostVariables} variables."));
        foreach (var (name, value) in set)
        {
            if (!NamePattern.IsMatch(name))
                violations.Add(new($"{field}[{name}]", "A variable's name has letters, digits and underscores and does not begin with a digit."));
            if (name.StartsWith("MESH_", StringComparison.Ordinal) || name == "PORT")
                violations.Add(new($"{field}[{name}]", "PORT and names that begin with MESH_ are set by Mesh itself."));
            if (value.Length > LongestValue) violations.Add(new($"{field}[{name}]", "A value has at most 32 KiB."));
            if (value.Contains('\0', StringComparison.Ordinal)) violations.Add(new($"{field}[{name}]", "A value has no NUL byte."));
        }
        return violations.Count > 0 ? throw MeshException.InvalidArgument(violations) : set;
    }
}
