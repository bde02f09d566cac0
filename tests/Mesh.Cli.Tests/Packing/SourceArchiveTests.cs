using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using Mesh.Cli.Packing;
using Mesh.Cli.Session;
using Mesh.Testing;

namespace Mesh.Cli.Tests.Packing;

public sealed class SourceArchiveTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly TestFolder _other = new();

    public void Dispose()
    {
        _folder.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task The_same_files_give_the_same_bytes_whenever_they_were_written()
    {
        string[] files = ["b.txt", "a/c.txt", "a.txt", "a/b/d.txt", "Z.txt"];
        foreach (var file in files) Write(_folder, file, "content of " + file);
        foreach (var file in files.Reverse()) Write(_other, file, "content of " + file);
        File.SetLastWriteTimeUtc(Path.Combine(_other.Path, "a.txt"), DateTime.UnixEpoch);
        Assert.Equal(await DigestAsync(_folder), await DigestAsync(_other));
        Write(_other, "a.txt", "something else");
        Assert.NotEqual(await DigestAsync(_folder), await DigestAsync(_other));
    }

    [Fact]
    public async Task An_executable_file_and_a_link_stay_what_they_are()
    {
        Write(_folder, "run.sh", "#!/bin/sh");
        Write(_folder, "data.txt", "x");
        File.SetUnixFileMode(Path.Combine(_folder.Path, "run.sh"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "link.txt"), "data.txt");
        var entries = (await EntriesAsync(_folder)).ToDictionary(e => e.Name);
        Assert.Equal("data.txt", entries["link.txt"].LinkName);
        Assert.Equal(TarEntryType.SymbolicLink, entries["link.txt"].EntryType);
        Assert.Equal(0b111_101_101, (int)entries["run.sh"].Mode);
        Assert.Equal(0b110_100_100, (int)entries["data.txt"].Mode);
        Assert.All(entries.Values, e => Assert.Equal((0, 0, DateTimeOffset.UnixEpoch), (e.Uid, e.Gid, e.ModificationTime)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_link_to_a_folder_is_packed_as_a_link(bool inGit)
    {
        Write(_folder, "real/file.txt", "x");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "linked"), "real");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "dangling"), "nothing");
        if (inGit)
        {
            using var git = Process.Start("git", ["-C", _folder.Path, "init", "-q"]);
            await git.WaitForExitAsync();
        }
        var entries = (await EntriesAsync(_folder)).ToDictionary(e => e.Name, e => (e.EntryType, e.LinkName));
        Assert.Equal(["dangling", "linked", "real/file.txt"], entries.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((TarEntryType.SymbolicLink, "real"), entries["linked"]);
        Assert.Equal((TarEntryType.SymbolicLink, "nothing"), entries["dangling"]);
    }

    [Fact]
    public async Task Outside_git_all_is_packed_but_what_never_belongs_to_a_source()
    {
        foreach (var file in new[] { "a.txt", ".env", "node_modules/x/index.js", "sub/node_modules/y.js", ".mesh/token", ".git/config" }) Write(_folder, file, "x");
        Assert.Equal([".env", "a.txt"], await NamesAsync(_folder));
    }

    [Fact]
    public async Task In_a_work_tree_what_git_ignores_is_left_out()
    {
        await GitAsync("init", "-q");
        Write(_folder, ".gitignore", "*.log\n/out/\n!keep.log\n");
        foreach (var file in new[] { "a.txt", "x.log", "keep.log", "out/a.txt", "sub/out/b.txt", "sub/y.log", "new file.txt", "ümläut.txt" }) Write(_folder, file, "x");
        await GitAsync("add", "a.txt");
        Assert.Equal([".gitignore", "a.txt", "keep.log", "new file.txt", "sub/out/b.txt", "ümläut.txt"], await NamesAsync(_folder));
        File.Delete(Path.Combine(_folder.Path, "a.txt"));
        Assert.DoesNotContain("a.txt", await NamesAsync(_folder));
    }

    [Fact]
    public async Task Nothing_to_pack_is_wrong_usage()
    {
        Assert.Equal(ExitCodes.Usage, (await Assert.ThrowsAsync<CliException>(() => SourceArchive.PackAsync(_folder.Path, default))).ExitCode);
        var missing = Path.Combine(_folder.Path, "missing");
        Assert.Equal(ExitCodes.Usage, (await Assert.ThrowsAsync<CliException>(() => SourceArchive.PackAsync(missing, default))).ExitCode);
    }

    private static void Write(TestFolder folder, string file, string text)
    {
        var path = Path.Combine(folder.Path, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private static async Task<string> DigestAsync(TestFolder folder)
    {
        await using var archive = await SourceArchive.PackAsync(folder.Path, default);
        return await SourceArchive.DigestAsync(archive, default);
    }

    private static async Task<List<TarEntry>> EntriesAsync(TestFolder folder)
    {
        await using var archive = await SourceArchive.PackAsync(folder.Path, default);
        await using var gzip = new GZipStream(archive, CompressionMode.Decompress);
        await using var tar = new TarReader(gzip);
        var entries = new List<TarEntry>();
        while (await tar.GetNextEntryAsync(copyData: true) is { } entry) entries.Add(entry);
        return entries;
    }

    private static async Task<string[]> NamesAsync(TestFolder folder) => [.. (await EntriesAsync(folder)).Select(e => e.Name)];

    private async Task GitAsync(params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", _folder.Path, .. arguments]))!;
        await git.WaitForExitAsync();
        Assert.Equal(0, git.ExitCode);
    }
}
