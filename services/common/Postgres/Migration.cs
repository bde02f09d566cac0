using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Mesh.Common.Postgres;

/// <summary>One step of a schema: an embedded file `Migrations/NNNN_name.sql`.</summary>
internal sealed partial record Migration(int Version, string Name, string Sql)
{
    /// <summary>Tells an edited migration from the one that ran.</summary>
    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql.ReplaceLineEndings("\n"))));

    [GeneratedRegex(@"(?:^|\.)Migrations\.(\d{4})_([a-z0-9_]+)\.sql$")]
    private static partial Regex ResourcePattern { get; }

    /// <summary>The migrations embedded in an assembly, in order.</summary>
    public static IReadOnlyList<Migration> In(Assembly assembly)
    {
        var found = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            if (ResourcePattern.Match(resource) is not { Success: true } match) continue;
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            found.Add(new(int.Parse(match.Groups[1].ValueSpan), match.Groups[2].Value, reader.ReadToEnd()));
        }
        found.Sort((a, b) => a.Version.CompareTo(b.Version));
        for (var i = 1; i < found.Count; i++)
        {
            if (found[i].Version == found[i - 1].Version)
                throw new InvalidOperationException($"Two migrations have the number {found[i].Version:0000}.");
        }
        return found;
    }
}
