using System.Formats.Tar;
using System.IO.Compression;
using Mesh.Builder.Builds;
using Mesh.Builder.Images;

namespace Mesh.Builder.Tests.Images;

public sealed class LayerWriterTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_same_tree_has_the_same_digest_whenever_it_was_written()
    {
        folder.Write("a/z.txt", "z");
        folder.Write("a/b/c.txt", "c");
        folder.Write("b/b/c.txt", "c");
        folder.Write("b/z.txt", "z");
        File.SetLastWriteTimeUtc(folder["b/z.txt"], DateTime.UnixEpoch);

        var first = await LayerWriter.WriteAsync(folder["a"], "app", folder["1"], default);
        var second = await LayerWriter.WriteAsync(folder["b"], "app", folder["2"], default);

        Assert.Equal(first, second);
        Assert.Equal(await File.ReadAllBytesAsync(folder["1"]), await File.ReadAllBytesAsync(folder["2"]));
        Assert.Equal(Digest.Of(await File.ReadAllBytesAsync(folder["1"])), first.Blob.Digest);
        Assert.Equal(new FileInfo(folder["1"]).Length, first.Blob.Size);
    }

    [Fact]
    public async Task Entries_are_sorted_and_owned_by_the_app_and_have_no_time()
    {
        folder.Write("in/b.sh", "b");
        folder.Write("in/a.txt", "a");
        folder.Write("in/sub/c.txt", "c");
        File.CreateSymbolicLink(folder["in/link"], "sub/c.txt");
        File.SetUnixFileMode(folder["in/b.sh"], UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var layer = await LayerWriter.WriteAsync(folder["in"], "app/node_modules", folder["out"], default);
        var entries = await ReadAsync(folder["out"]);

        Assert.Equal(["app/", "app/node_modules/", "app/node_modules/a.txt", "app/node_modules/b.sh", "app/node_modules/link", "app/node_modules/sub/", "app/node_modules/sub/c.txt"],
            entries.Select(entry => entry.Name));
        Assert.All(entries, entry => Assert.Equal((LayerWriter.AppUser, DateTimeOffset.UnixEpoch), (entry.Uid, entry.ModificationTime)));
        Assert.Equal(["644", "755"], entries.Where(entry => entry.EntryType == TarEntryType.RegularFile).Take(2).Select(entry => Convert.ToString((int)entry.Mode, 8)));
        Assert.NotEqual(layer.DiffId, layer.Blob.Digest);
    }

    [Fact]
    public async Task A_pipe_is_refused()
    {
        folder.Write("in/a.txt", "a");
        using (var made = System.Diagnostics.Process.Start("mkfifo", folder["in/pipe"]))
            await made.WaitForExitAsync();

        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => LayerWriter.WriteAsync(folder["in"], "app", folder["out"], default));

        Assert.Contains("/app/pipe", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<List<TarEntry>> ReadAsync(string path)
    {
        await using var gzip = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        await using var tar = new TarReader(gzip);
        var entries = new List<TarEntry>();
        while (await tar.GetNextEntryAsync() is { } entry)
            entries.Add(entry);
        return entries;
    }
}
