using System.Formats.Tar;
using Mesh.Agent.Images;
using Mesh.Agent.Tests.Testing;

namespace Mesh.Agent.Tests.Images;

public sealed class LayerUnpackerTests : IDisposable
{
    private readonly TemporaryFolder outside = new();

    private string Root => outside["root"];

    public void Dispose() => outside.Dispose();

    [Theory]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.Ustar)]
    public void Files_folders_and_links_arrive_as_they_were(TarEntryFormat format)
    {
        var name = string.Join('/', Enumerable.Repeat("a-rather-long-name", 7)) + "/file";
        Unpack(new TarBuilder(format).Folder("bin/").File("bin/run", "#!/bin/sh").Link("sh", "bin/run").HardLink("same", "bin/run").File(name, "far"));

        Assert.Equal("#!/bin/sh", File.ReadAllText(Path.Combine(Root, "bin/run")));
        Assert.Equal((UnixFileMode)0x1ED, File.GetUnixFileMode(Path.Combine(Root, "bin/run")));
        Assert.Equal("bin/run", new FileInfo(Path.Combine(Root, "sh")).LinkTarget);
        Assert.Equal("#!/bin/sh", File.ReadAllText(Path.Combine(Root, "same")));
        Assert.Equal("far", File.ReadAllText(Path.Combine(Root, name)));
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/../../evil")]
    [InlineData("a/../../evil")]
    [InlineData("/evil")]
    public void A_path_never_leaves_the_folder(string name)
    {
        Unpack(new TarBuilder().File(name, "x"));

        Assert.False(File.Exists(outside["evil"]));
        Assert.False(File.Exists("/evil"));
        Assert.True(File.Exists(Path.Combine(Root, "evil")));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a/..")]
    public void A_path_that_ends_upwards_is_refused(string name) => Refuses("path", new TarBuilder().File(name, "x"));

    [Fact]
    public void A_link_out_of_the_layer_leads_back_into_it()
    {
        Directory.CreateDirectory(outside["target"]);
        Unpack(new TarBuilder().Link("abs", outside["target"]).File("abs/one", "1").Link("up", "../../target").File("up/two", "2"));

        Assert.Empty(Directory.GetFileSystemEntries(outside["target"]));
        Assert.True(File.Exists(Path.Combine(Root, outside["target"].TrimStart('/'), "one")));
        Assert.True(File.Exists(Path.Combine(Root, "target/two")));
    }

    [Fact]
    public void A_file_replaces_a_link_of_its_name_and_not_what_it_points_to()
    {
        File.WriteAllText(outside["victim"], "whole");
        Unpack(new TarBuilder().Link("x", outside["victim"]).File("x", "new"));

        Assert.Equal("whole", File.ReadAllText(outside["victim"]));
        Assert.Equal("new", File.ReadAllText(Path.Combine(Root, "x")));
    }

    [Fact]
    public void A_folder_that_became_a_link_is_no_way_out()
    {
        Directory.CreateDirectory(outside["target"]);
        Unpack(new TarBuilder().File("d/one", "1").Link("d", outside["target"]).File("d/two", "2"));

        Assert.Empty(Directory.GetFileSystemEntries(outside["target"]));
    }

    [Fact]
    public void Hard_links_to_files_of_the_host_are_refused()
    {
        File.WriteAllText(outside["victim"], "secret");
        Refuses("hard link", new TarBuilder().HardLink("x", outside["victim"]));
        Refuses("hard link", new TarBuilder().HardLink("x", "../victim"));
        Unpack(new TarBuilder().Link("l", outside["victim"]).HardLink("x", "l"));

        Assert.Equal(outside["victim"], new FileInfo(Path.Combine(Root, "x")).LinkTarget);
    }

    [Fact]
    public void A_loop_of_links_is_refused() => Refuses("loop", new TarBuilder().Link("a", "b").Link("b", "a").File("a/x", "1"));

    [Fact]
    public void Devices_are_left_out()
    {
        Unpack(new TarBuilder().Device("dev/sda").File("after", "1"));

        Assert.False(File.Exists(Path.Combine(Root, "dev/sda")));
        Assert.True(File.Exists(Path.Combine(Root, "after")));
    }

    [Fact]
    public void The_last_of_duplicate_entries_counts()
    {
        Unpack(new TarBuilder().File("x", "1").Folder("x").File("x/y", "2").File("x", "3"));

        Assert.Equal("3", File.ReadAllText(Path.Combine(Root, "x")));
    }

    [Fact]
    public void Whiteouts_take_the_form_of_overlayfs()
    {
        Unpack(new TarBuilder().File("a/.wh.gone", "").File("b/.wh..wh..opq", "").File("b/new", "1"));

        Assert.True(new FileInfo(Path.Combine(Root, "a/gone")).Attributes.HasFlag(FileAttributes.Device)
            || (new FileInfo(Path.Combine(Root, "a/gone")).Exists && new FileInfo(Path.Combine(Root, "a/gone")).Length == 0));
        Assert.False(File.Exists(Path.Combine(Root, "a/.wh.gone")));
        Assert.Equal(["new"], Directory.GetFileSystemEntries(Path.Combine(Root, "b")).Select(path => Path.GetFileName(path)));
    }

    [Fact]
    public void A_bomb_of_bytes_or_entries_is_refused()
    {
        Refuses("more than 1000 bytes", new TarBuilder().File("zeros", new byte[1001]), new(Bytes: 1000));
        Refuses("more than 2 entries", new TarBuilder().File("a").File("b").File("c"), new(Entries: 2));
    }

    [Fact]
    public void What_is_no_archive_is_refused_without_believing_its_sizes()
    {
        var noise = new byte[4096];
        new Random(7).NextBytes(noise);
        Assert.Contains("checksum", Assert.Throws<ImageException>(() => Unpack(noise)).Message, StringComparison.Ordinal);
        var cut = new TarBuilder().File("x", new byte[5000]).Build();
        Assert.Contains("ends within", Assert.Throws<ImageException>(() => Unpack(cut[..3000])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_damage_of_an_archive_is_refused_or_harmless()
    {
        var archive = new TarBuilder().File("a/b", "text").Link("c", "a").HardLink("d", "a/b").Folder("e").Build();
        var random = new Random(11);
        for (var round = 0; round < 300; round++)
        {
            var damaged = (byte[])archive.Clone();
            for (var i = 0; i < 3; i++) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                Unpack(damaged);
            }
            catch (Exception e) when (e is ImageException or IOException or System.ComponentModel.Win32Exception)
            {
            }

            Assert.Equal(["root"], Directory.GetFileSystemEntries(outside.Path).Select(path => Path.GetFileName(path)));
        }
    }

    private void Refuses(string reason, TarBuilder layer, LayerLimits? limits = null) =>
        Assert.Contains(reason, Assert.Throws<ImageException>(() => Unpack(layer.Build(), limits)).Message, StringComparison.Ordinal);

    private void Unpack(TarBuilder layer) => Unpack(layer.Build());

    private void Unpack(byte[] layer, LayerLimits? limits = null)
    {
        if (Directory.Exists(Root)) Directory.Delete(Root, recursive: true);
        Directory.CreateDirectory(Root);
        new LayerUnpacker(Root, overlayWhiteouts: true, limits ?? new()).Unpack(new MemoryStream(layer), CancellationToken.None);
    }
}
