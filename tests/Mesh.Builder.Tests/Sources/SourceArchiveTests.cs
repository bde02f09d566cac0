using System.Formats.Tar;
using System.IO.Compression;
using Mesh.Builder.Builds;
using Mesh.Builder.Sources;

namespace Mesh.Builder.Tests.Sources;

public sealed class SourceArchiveTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Files_folders_links_and_execute_bits_come_out()
    {
        var archive = Archive(
            Folder("./sub"), File_("./sub/run.sh", "#!/bin/sh", executable: true), File_("a.txt", "hello"),
            Link("sub/up", "../a.txt"), HardLink("b.txt", "a.txt"), File_(".git/config", "secret"));

        await ExtractAsync(archive);

        Assert.Equal("hello", File.ReadAllText(folder["a.txt"]));
        Assert.Equal("hello", File.ReadAllText(folder["b.txt"]));
        Assert.Equal("hello", File.ReadAllText(folder["sub/up"]));
        Assert.True(File.GetUnixFileMode(folder["sub/run.sh"]).HasFlag(UnixFileMode.UserExecute));
        Assert.False(Directory.Exists(folder[".git"]));
    }

    public static TheoryData<string, TarEntry[]> Hostile => new()
    {
        { "leads out of the source", [File_("../evil", "x")] },
        { "leads out of the source", [File_("a/../../evil", "x")] },
        { "absolute path", [File_("/etc/evil", "x")] },
        { "does not point to a relative path", [Link("etc", "/etc"), File_("etc/evil", "x")] },
        { "leads out of the source", [Link("up", "..")] },
        { "leads out of the source", [Folder("a"), Link("a/up", "../..")] },
        { "leads out of the source", [Folder("a"), Link("a/l", ".."), Link("m", "a/l/../x")] },
        { "is there twice", [Folder("a"), Link("b", "a"), File_("b/evil", "x")] },
        { "is there twice", [File_("a", "x"), File_("a", "y")] },
        { "is there twice", [File_("a", "x"), File_("a/b", "y")] },
        { "no earlier file", [Link("l", "gone"), HardLink("h", "l")] },
        { "leads out of the source", [HardLink("h", "../../etc/shadow")] },
        { "neither a file, a folder nor a link", [new PaxTarEntry(TarEntryType.CharacterDevice, "null")] },
        { "neither a file, a folder nor a link", [new PaxTarEntry(TarEntryType.Fifo, "pipe")] },
        { "control character", [File_("a\u0007b", "x")] },
        { "longer than", [File_(new string('x', 200) + "/" + new string('y', 1000), "x")] },
        { "nested deeper", [File_(string.Concat(Enumerable.Repeat("d/", 100)) + "f", "x")] },
        { "holds no files", [Folder("a")] },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task What_a_source_must_not_do_is_refused(string message, TarEntry[] entries)
    {
        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => ExtractAsync(Archive(entries)));

        Assert.Equal("SOURCE_INVALID", failure.Reason);
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bomb_is_refused_before_it_fills_the_disk()
    {
        var limits = new ArchiveLimits(MaxBytes: 1 << 20, MaxEntries: 10);

        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => ExtractAsync(Archive(File_("zeros", new string('0', 8 << 20))), limits));

        Assert.Contains("more than 1 MiB", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_entries_are_refused()
    {
        var entries = Enumerable.Range(0, 11).Select(i => File_($"f{i}", "")).ToArray();

        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => ExtractAsync(Archive(entries), new ArchiveLimits(MaxEntries: 10)));

        Assert.Contains("more than 10 entries", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(60)]
    public async Task A_broken_archive_is_refused(int length)
    {
        var whole = Archive(File_("a.txt", "hello"), File_("b.txt", new string('b', 5000))).ToArray();

        await Assert.ThrowsAsync<BuildFailedException>(() => ExtractAsync(new MemoryStream(whole[..length])));
    }

    [Fact]
    public Task Something_else_than_an_archive_is_refused() =>
        Assert.ThrowsAsync<BuildFailedException>(() => ExtractAsync(new MemoryStream("this is not gzip at all"u8.ToArray())));

    private Task ExtractAsync(MemoryStream archive, ArchiveLimits? limits = null) =>
        new SourceArchive(limits ?? new ArchiveLimits()).ExtractAsync(archive, folder.Root, default);

    private static MemoryStream Archive(params TarEntry[] entries)
    {
        var archive = new MemoryStream();
        using (var gzip = new GZipStream(archive, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Pax))
        {
            foreach (var entry in entries)
                tar.WriteEntry(entry);
        }
        archive.Position = 0;
        return archive;
    }

    private static PaxTarEntry File_(string name, string text, bool executable = false) => new(TarEntryType.RegularFile, name)
    {
        DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)),
        Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | (executable ? UnixFileMode.UserExecute : UnixFileMode.None),
    };

    private static PaxTarEntry Folder(string name) => new(TarEntryType.Directory, name);

    private static PaxTarEntry Link(string name, string target) => new(TarEntryType.SymbolicLink, name) { LinkName = target };

    private static PaxTarEntry HardLink(string name, string target) => new(TarEntryType.HardLink, name) { LinkName = target };
}
