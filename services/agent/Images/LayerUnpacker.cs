using Mesh.Agent.Runtime;

namespace Mesh.Agent.Images;

/// <summary>The most that one layer may unpack to.</summary>
public sealed record LayerLimits(long Bytes = 8L << 30, int Entries = 1_000_000);

/// <summary>
/// Unpacks the archive of one layer. Paths stay within the folder; `..` at the end of a path, loops of links, hard
/// links out of the layer and unknown entries are refused; devices are left out, because a container gets a `/dev` of
/// its own; extended attributes are dropped, because some steer overlayfs and others grant capabilities.
/// </summary>
internal sealed class LayerUnpacker(string root, bool overlayWhiteouts, LayerLimits limits)
{
    private const string Whiteout = ".wh.";
    private const string Opaque = ".wh..wh..opq";

    private readonly LayerTree tree = new(root);
    private readonly List<(string Path, TarEntry Entry)> folders = [];
    private readonly byte[] buffer = new byte[128 << 10];
    private long bytes;

    public void Unpack(Stream archive, CancellationToken cancellation)
    {
        var reader = new TarReader(archive);
        var count = 0;
        while (reader.Next() is { } entry)
        {
            cancellation.ThrowIfCancellationRequested();
            if (++count > limits.Entries) throw new ImageException($"The layer holds more than {limits.Entries} entries.");
            Place(reader, entry);
        }

        // Last, because a file made in a folder changes the folder's time, and a mode may forbid making one.
        foreach (var (path, entry) in Enumerable.Reverse(folders).Where(folder => Directory.Exists(folder.Path))) Finish(path, entry);
    }

    private void Place(TarReader reader, TarEntry entry)
    {
        var path = tree.Place(entry.Name);
        if (path == root)
        {
            if (entry.Kind == TarEntryKind.Directory) folders.Add((path, entry));
            return;
        }

        var name = Path.GetFileName(path);
        if (name.StartsWith(Whiteout, StringComparison.Ordinal))
        {
            PlaceWhiteout(path, name);
            return;
        }

        tree.Clear(path, keepFolder: entry.Kind == TarEntryKind.Directory);
        switch (entry.Kind)
        {
            case TarEntryKind.Directory:
                tree.MakeFolder(path);
                folders.Add((path, entry));
                return;
            case TarEntryKind.File:
                PlaceFile(reader, path);
                break;
            case TarEntryKind.SymbolicLink:
                if (entry.LinkName.Length == 0) throw new ImageException($"The layer holds the link \"{entry.Name}\" to nothing.");
                File.CreateSymbolicLink(path, entry.LinkName);
                break;
            case TarEntryKind.HardLink:
                Link(path, entry);
                return;
            case TarEntryKind.Fifo:
                // Without overlayfs the files are copied, and who copies a pipe waits for ever.
                if (!overlayWhiteouts) return;
                Linux.MakeFifo(path, 0x180);
                break;
            default:
                return;
        }

        Finish(path, entry);
    }

    private void PlaceWhiteout(string path, string name)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (!overlayWhiteouts)
        {
            tree.Clear(path, keepFolder: false);
            File.WriteAllBytes(path, []);
        }
        else if (name == Opaque)
        {
            Linux.SetAttribute(folder, "trusted.overlay.opaque", "y");
        }
        else
        {
            var hidden = name[Whiteout.Length..];
            if (hidden is "" or "." or "..") throw new ImageException($"The layer holds the whiteout \"{name}\".");
            var target = Path.Combine(folder, hidden);
            tree.Clear(target, keepFolder: false);
            Linux.MakeWhiteout(target);
        }
    }

    private void PlaceFile(TarReader reader, string path)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0);
        int read;
        while ((read = reader.Read(buffer)) > 0)
        {
            bytes += read;
            if (bytes > limits.Bytes) throw new ImageException($"The layer unpacks to more than {limits.Bytes} bytes.");
            file.Write(buffer, 0, read);
        }
    }

    private void Link(string path, TarEntry entry)
    {
        var target = tree.Place(entry.LinkName);
        var info = new FileInfo(target);
        if (!info.Exists && info.LinkTarget is null) throw new ImageException($"The layer holds a hard link to \"{entry.LinkName}\", which is not in it.");
        Linux.HardLink(target, path);
    }

    private static void Finish(string path, TarEntry entry)
    {
        if (Linux.IsRoot) Linux.ChangeOwner(path, entry.User, entry.Group);
        if (entry.Kind == TarEntryKind.SymbolicLink) return;
        // The agent itself must be able to enter and remove what it unpacked, also without root.
        var mode = Linux.IsRoot ? entry.Mode : entry.Mode | (entry.Kind == TarEntryKind.Directory ? 0x1C0u : 0x180u);
        Linux.ChangeMode(path, mode);
        if (entry.Kind == TarEntryKind.Directory) Directory.SetLastWriteTimeUtc(path, entry.Modified.UtcDateTime);
        else if (entry.Kind == TarEntryKind.File) File.SetLastWriteTimeUtc(path, entry.Modified.UtcDateTime);
    }
}
