using System.Globalization;

namespace Mesh.Agent.Runtime;

/// <summary>The user a container runs as, with names looked up in the image's own `/etc/passwd` and `/etc/group`.</summary>
public sealed record ImageUser(uint Id, uint Group, string Home, IReadOnlyList<uint> AdditionalGroups)
{
    private const int LargestFile = 1 << 20;

    /// <summary>Finds the user. Throws a <see cref="RuntimeException"/> when the image does not know the name.</summary>
    /// <param name="layers">The folders of the unpacked layers, the lowest first.</param>
    public static ImageUser Find(string user, IReadOnlyList<string> layers)
    {
        var users = Entries(layers, "passwd").ToList();
        var groups = Entries(layers, "group").ToList();
        var parts = user.Split(':', 2);
        var name = parts[0].Length == 0 ? "0" : parts[0];
        var known = users.Find(entry => entry[0] == name) ?? users.Find(entry => entry.Length > 2 && entry[2] == name);
        if (known is null && Number(name) is null) throw new RuntimeException($"The image has no user \"{name}\".");
        var id = Number(name) ?? Number(known!, 2);
        var group = parts.Length == 2 ? FindGroup(parts[1], groups) : known is null ? id == 0 ? 0 : id : Number(known, 3);
        var additional = parts.Length == 2 || known is null
            ? []
            : groups.Where(entry => entry.Length > 3 && entry[3].Split(',').Contains(known[0])).Select(entry => Number(entry, 2)).Where(other => other != group);
        return new(id, group, known is { Length: > 5 } && known[5].Length > 0 ? known[5] : "/", [.. additional]);
    }

    private static uint FindGroup(string name, List<string[]> groups) => Number(name)
        ?? (groups.Find(entry => entry[0] == name) is { } entry ? Number(entry, 2) : throw new RuntimeException($"The image has no group \"{name}\"."));

    private static uint Number(string[] entry, int field) => (entry.Length > field ? Number(entry[field]) : null)
        ?? throw new RuntimeException($"The image's entry for \"{entry[0]}\" is malformed.");

    private static uint? Number(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    // The layers are read as they lie, without following a link: a hostile image could point one at the host's files.
    private static IEnumerable<string[]> Entries(IReadOnlyList<string> layers, string name)
    {
        foreach (var layer in layers.Reverse())
        {
            var folder = new DirectoryInfo(Path.Combine(layer, "etc"));
            if (!folder.Exists || folder.LinkTarget is not null) continue;
            var file = new FileInfo(Path.Combine(folder.FullName, name));
            if (!file.Exists || file.LinkTarget is not null || file.Attributes.HasFlag(FileAttributes.Device)) continue;
            if (file.Length > LargestFile) throw new RuntimeException($"The image's /etc/{name} is too large.");
            return File.ReadLines(file.FullName).Select(line => line.Split(':')).Where(entry => entry.Length >= 3);
        }

        return [];
    }
}
