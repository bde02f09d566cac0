using Mesh.Agent.Images;
using Mesh.Agent.Tests.Testing;

namespace Mesh.Agent.Tests.Images;

public sealed class ImageStoreTests : IAsyncLifetime
{
    private readonly TemporaryFolder data = new();
    private readonly TestImageSource source = new();
    private readonly LayerStore layers;
    private readonly ImageStore store;

    public ImageStoreTests()
    {
        Directory.CreateDirectory(data["layers"]);
        layers = new(source, data["downloads"], data["layers"], overlayWhiteouts: true, new(Bytes: 1 << 20));
        layers.Clean();
        store = new(source, layers, data["images"]);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await layers.DisposeAsync();
        data.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_image_is_fetched_once_and_then_used_without_the_registry(bool gzip)
    {
        var image = source.Add([new TarBuilder().File("a", "1").Build(), new TarBuilder().File("b", "2").Build()], new { Cmd = new[] { "/a" } }, gzip);
        var first = await store.PullAsync(image, default);
        source.IsAway = true;
        var again = await store.PullAsync(image, default);

        Assert.Equal(first.Layers, again.Layers);
        Assert.Equal(["/a"], again.Defaults.Cmd!);
        Assert.Equal("2", File.ReadAllText(Path.Combine(data["layers"], again.Layers[1], "b")));
    }

    [Fact]
    public async Task Pulls_of_one_layer_at_the_same_time_share_one_download()
    {
        var image = source.Add([new TarBuilder().File("a", new byte[100_000]).Build()], gzip: false);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => store.PullAsync(image, default)));

        Assert.InRange(source.Downloads, 2, 11);
        Assert.Single(Directory.GetDirectories(data["layers"]));
    }

    [Fact]
    public async Task A_broken_stream_goes_on_where_it_stopped()
    {
        var noise = new byte[20_000];
        new Random(3).NextBytes(noise);
        var image = source.Add([new TarBuilder().File("a", noise).Build()], gzip: false);
        source.BreakAfter = 6000;
        var pulled = await store.PullAsync(image, default);

        Assert.Equal(noise, File.ReadAllBytes(Path.Combine(data["layers"], pulled.Layers[0], "a")));
    }

    [Fact]
    public async Task Content_that_is_not_what_its_digest_says_is_refused_and_leaves_nothing()
    {
        var noise = new byte[20_000];
        new Random(5).NextBytes(noise);
        var image = source.Add([new TarBuilder().File("a", noise).Build()]);
        source.Corrupt(10_000);

        Assert.Contains("digest", (await Assert.ThrowsAsync<ImageException>(() => store.PullAsync(image, default))).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(data["layers"]));
        Assert.Empty(Directory.GetFileSystemEntries(data["downloads"]));
    }

    [Fact]
    public async Task A_small_download_that_unpacks_to_much_is_refused()
    {
        var image = source.Add([new TarBuilder().File("zeros", new byte[2 << 20]).Build()]);

        Assert.Contains("more than", (await Assert.ThrowsAsync<ImageException>(() => store.PullAsync(image, default))).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(data["layers"]));
    }

    [Fact]
    public async Task A_registry_that_is_away_is_no_fault_of_the_image()
    {
        var image = source.Add([new TarBuilder().File("a").Build()]);
        source.IsAway = true;
        await Assert.ThrowsAsync<IOException>(() => store.PullAsync(image, default));
        source.IsAway = false;

        Assert.Single((await store.PullAsync(image, default)).Layers);
    }

    [Theory]
    [InlineData("acme/shop:latest")]
    [InlineData("acme/shop@sha256:12")]
    [InlineData("../shop@sha256:0000000000000000000000000000000000000000000000000000000000000000")]
    public void Only_images_by_digest_are_taken(string reference) => Assert.Throws<ImageException>(() => ImageReference.Parse(reference));
}
