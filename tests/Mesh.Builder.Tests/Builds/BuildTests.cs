using System.Text.Json.Nodes;
using Grpc.Core;
using Mesh.Builder.V1;
using Mesh.Common.Errors;
using Mesh.Controller.V1;
using Mesh.Registry.V1;
using State = Mesh.Builder.V1.Build.Types.State;

namespace Mesh.Builder.Tests.Builds;

[Trait("Needs", "servers")]
[Collection(nameof(BuilderCollection))]
public sealed class BuildTests(BuilderFixture fixture)
{
    private const string Gone = "tenants/acme/apps/gone";

    [Fact]
    public async Task A_source_becomes_an_image_and_a_release()
    {
        var app = await fixture.CreateAppAsync("node");

        var (build, log) = await fixture.BuildAsync(app, BuilderFixture.Sample("hello-node"));

        Assert.True(build.State == State.Succeeded, log);
        Assert.Equal("Node.js", build.Detected);
        Assert.Equal("node server.js", build.Processes["web"]);
        Assert.Equal($"{app}/releases/1", build.Release);
        Assert.StartsWith("acme/node@sha256:", build.Image, StringComparison.Ordinal);
        Assert.Contains("Released as v1.", log, StringComparison.Ordinal);
        Assert.Equal(System.Text.Encoding.UTF8.GetByteCount(log), build.LogSizeBytes);
        var release = await fixture.Releases.GetReleaseAsync(new GetReleaseRequest { Name = build.Release });
        Assert.Equal(build.Image, release.Release.Image);
        Assert.Equal(build.Name, release.Release.Build);
    }

    [Fact]
    public async Task The_image_is_the_stack_and_the_app_and_has_an_sbom()
    {
        var app = await fixture.CreateAppAsync("image");
        var (build, log) = await fixture.BuildAsync(app, BuilderFixture.Sample("hello-node"), skipRelease: true);
        Assert.True(build.State == State.Succeeded, log);
        var digest = build.Image.Split('@')[1];
        const string repository = "tenants/acme/repositories/image";

        var image = (await fixture.Images.GetImageAsync(new GetImageRequest { Name = $"{repository}/images/{digest}" })).Image;
        var stack = (await fixture.Images.GetImageAsync(new GetImageRequest { Name = "tenants/stacks/repositories/node/images/latest" })).Image;
        var referrers = await fixture.Images.ListReferrersAsync(new ListReferrersRequest { Parent = $"{repository}/images/{digest}" });
        var config = JsonNode.Parse(await ReadAsync(repository, image.Config.Digest))!;
        var sbomImage = (await fixture.Images.GetImageAsync(new GetImageRequest { Name = $"{repository}/images/{Assert.Single(referrers.Referrers).Digest}" })).Image;
        var sbom = JsonNode.Parse(await ReadAsync(repository, Assert.Single(sbomImage.Layers).Digest))!;

        Assert.Equal(stack.Layers.Select(layer => layer.Digest), image.Layers.SkipLast(1).Select(layer => layer.Digest));
        Assert.Equal(["node", "server.js"], config["config"]!["Cmd"]!.AsArray().Select(word => word!.GetValue<string>()));
        Assert.Equal(image.Layers.Count, config["rootfs"]!["diff_ids"]!.AsArray().Count);
        Assert.Equal("", build.Release);
        Assert.Equal("CycloneDX", sbom["bomFormat"]!.GetValue<string>());
        Assert.Contains(sbom["components"]!.AsArray(), component => component!["name"]!.GetValue<string>() == "nodejs");
    }

    [Fact]
    public async Task The_same_source_gives_the_same_image_without_work()
    {
        var app = await fixture.CreateAppAsync("again");
        var first = await fixture.BuildAsync(app, BuilderFixture.Sample("hello-node"), skipRelease: true);

        var second = await fixture.BuildAsync(app, BuilderFixture.Sample("hello-node"), skipRelease: true);

        Assert.Equal(first.Build.Image, second.Build.Image);
        Assert.Contains("Layer 'app' is unchanged.", second.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dotnet_project_is_published_in_isolation()
    {
        var app = await fixture.CreateAppAsync("dotnet");

        var (build, log) = await fixture.BuildAsync(app, BuilderFixture.Sample("hello-dotnet"), skipRelease: true);

        Assert.True(build.State == State.Succeeded, log);
        Assert.Equal("dotnet hello-dotnet.dll", build.Processes["web"]);
    }

    [Fact]
    public async Task Dependencies_have_a_layer_of_their_own_that_a_change_of_code_leaves_alone()
    {
        const string package = """{"name":"app","version":"1.0.0","dependencies":{"ms":"2.1.3"}}""";
        const string locked = """
            {"name":"app","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
              "":{"name":"app","version":"1.0.0","dependencies":{"ms":"2.1.3"}},
              "node_modules/ms":{"version":"2.1.3","license":"MIT",
                "integrity":"sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA=="}}}
            """;
        var app = await fixture.CreateAppAsync("dependencies");

        var first = await fixture.BuildAsync(app, BuilderFixture.Archive(("package.json", package), ("package-lock.json", locked), ("server.js", "1")), skipRelease: true);
        var second = await fixture.BuildAsync(app, BuilderFixture.Archive(("package.json", package), ("package-lock.json", locked), ("server.js", "2")), skipRelease: true);

        Assert.True(first.Build.State == State.Succeeded, first.Log);
        Assert.Contains("$ npm ci --omit=dev", first.Log, StringComparison.Ordinal);
        Assert.True(second.Build.State == State.Succeeded, second.Log);
        Assert.Contains("Layer 'dependencies' is unchanged.", second.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("$ npm", second.Log, StringComparison.Ordinal);
        Assert.NotEqual(first.Build.Image, second.Build.Image);
    }

    [Fact]
    public async Task A_Python_app_has_its_own_environment()
    {
        var app = await fixture.CreateAppAsync("environment");

        var (build, log) = await fixture.BuildAsync(app, BuilderFixture.Archive(("requirements.txt", "# nothing yet\n"), ("app.py", "print(1)")), skipRelease: true);

        Assert.True(build.State == State.Succeeded, log);
        Assert.Equal("python3 app.py", build.Processes["web"]);
        Assert.Contains("Layer 'dependencies' has", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Dockerfile_is_built_on_a_stack()
    {
        var app = await fixture.CreateAppAsync("python");

        var (build, log) = await fixture.BuildAsync(app, BuilderFixture.Sample("hello-python"), skipRelease: true);

        Assert.True(build.State == State.Succeeded, log);
        Assert.Equal("", build.Processes["web"]);
        var stack = (await fixture.Images.GetImageAsync(new GetImageRequest { Name = "tenants/stacks/repositories/python/images/latest" })).Image;
        var image = (await fixture.Images.GetImageAsync(new GetImageRequest { Name = $"tenants/acme/repositories/python/images/{build.Image.Split('@')[1]}" })).Image;
        Assert.Equal(stack.Layers.Select(layer => layer.Digest), image.Layers.Take(stack.Layers.Count).Select(layer => layer.Digest));
    }

    [Fact]
    public async Task A_source_that_does_not_build_fails_with_a_reason_and_a_last_line()
    {
        var app = await fixture.CreateAppAsync("broken");

        var unknown = await fixture.BuildAsync(app, BuilderFixture.Archive(("README.md", "hello")));
        var failing = await fixture.BuildAsync(app, BuilderFixture.Archive(("package.json", """{"scripts":{"build":"echo compiling; exit 3"}}"""), ("server.js", "")));
        var notFound = await fixture.Images.GetImageAsync(new GetImageRequest { Name = "tenants/acme/repositories/broken/images/latest" }).ResponseAsync
            .ContinueWith(task => (task.Exception?.InnerException as RpcException)?.StatusCode, TaskScheduler.Default);

        Assert.Equal((State.Failed, "NOT_DETECTED"), (unknown.Build.State, unknown.Build.Failure.Reason));
        Assert.EndsWith($"Failed: {unknown.Build.Failure.Message}\n", unknown.Log, StringComparison.Ordinal);
        Assert.Equal((State.Failed, "COMMAND_FAILED"), (failing.Build.State, failing.Build.Failure.Reason));
        Assert.Contains("compiling", failing.Log, StringComparison.Ordinal);
        Assert.Contains("exit code 3", failing.Build.Failure.Message, StringComparison.Ordinal);
        Assert.Equal(StatusCode.NotFound, notFound);
        await NothingIsLeftAsync("builds");
    }

    [Fact]
    public async Task Watch_tells_every_state_and_ends()
    {
        var app = await fixture.CreateAppAsync("watch");
        var source = await fixture.UploadAsync(app, BuilderFixture.Sample("hello-node"));
        var build = await fixture.Builds.CreateBuildAsync(new CreateBuildRequest { Parent = app, Build = new() { Source = source.Name } });

        using var watch = fixture.Builds.WatchBuild(new WatchBuildRequest { Name = build.Build.Name });
        var states = new List<State>();
        await foreach (var change in watch.ResponseStream.ReadAllAsync())
            states.Add(change.Build.State);

        Assert.Equal(states.Order(), states);
        Assert.Equal(State.Succeeded, states[^1]);
    }

    [Fact]
    public async Task A_log_can_be_resumed_at_any_byte()
    {
        var app = await fixture.CreateAppAsync("log");
        var (build, log) = await fixture.BuildAsync(app, BuilderFixture.Archive(("README.md", "hello")));

        using var rest = fixture.Builds.StreamBuildLog(new StreamBuildLogRequest { Name = build.Name, Offset = 10 });
        var text = "";
        await foreach (var part in rest.ResponseStream.ReadAllAsync())
            text += part.Data.ToStringUtf8();

        Assert.Equal(log[10..], text);
    }

    [Fact]
    public async Task A_repeated_request_gives_the_same_build()
    {
        var app = await fixture.CreateAppAsync("repeat");
        var source = await fixture.UploadAsync(app, BuilderFixture.Sample("hello-node"));
        var request = new CreateBuildRequest { Parent = app, Build = new() { Source = source.Name, SkipRelease = true }, RequestId = Guid.NewGuid().ToString() };

        var first = await fixture.Builds.CreateBuildAsync(request);
        var second = await fixture.Builds.CreateBuildAsync(request);

        Assert.Equal(first.Build.Name, second.Build.Name);
        await fixture.EndAsync(first.Build.Name);
        var page = await fixture.Builds.ListBuildsAsync(new ListBuildsRequest { Parent = app });
        Assert.Single(page.Builds);
    }

    [Fact]
    public async Task A_cancelled_build_stops_and_stays_cancelled()
    {
        var app = await fixture.CreateAppAsync("cancel");
        var source = await fixture.UploadAsync(app, BuilderFixture.Archive(("package.json", """{"scripts":{"build":"echo sleeping; sleep 600"}}"""), ("server.js", "")));
        var build = (await fixture.Builds.CreateBuildAsync(new CreateBuildRequest { Parent = app, Build = new() { Source = source.Name } })).Build;
        using var log = fixture.Builds.StreamBuildLog(new StreamBuildLogRequest { Name = build.Name });
        var text = "";
        while (!text.Contains("  sleeping\n", StringComparison.Ordinal) && await log.ResponseStream.MoveNext(default))
            text += log.ResponseStream.Current.Data.ToStringUtf8();

        var cancelled = await fixture.Builds.CancelBuildAsync(new CancelBuildRequest { Name = build.Name });
        var again = await Assert.ThrowsAsync<RpcException>(() => fixture.Builds.CancelBuildAsync(new CancelBuildRequest { Name = build.Name }).ResponseAsync);
        var next = await fixture.BuildAsync(app, BuilderFixture.Sample("hello-node"));

        Assert.Equal(State.Cancelled, cancelled.Build.State);
        Assert.Equal("BUILD_ENDED", again.Reason());
        Assert.Equal(State.Succeeded, next.Build.State);
        Assert.EndsWith("Cancelled by services/tests.\n", (await fixture.EndAsync(build.Name)).Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_build_whose_builder_was_killed_is_taken_up_again()
    {
        var app = await fixture.CreateAppAsync("killed");
        var source = await fixture.UploadAsync(app, BuilderFixture.Archive(("package.json", """{"scripts":{"build":"echo working; sleep 15"}}"""), ("server.js", "")));
        var build = (await fixture.Builds.CreateBuildAsync(new CreateBuildRequest { Parent = app, Build = new() { Source = source.Name } })).Build;
        using (var log = fixture.Builds.StreamBuildLog(new StreamBuildLogRequest { Name = build.Name }))
        {
            var text = "";
            while (!text.Contains("  working\n", StringComparison.Ordinal) && await log.ResponseStream.MoveNext(default))
                text += log.ResponseStream.Current.Data.ToStringUtf8();
        }

        await fixture.BuilderProcess.KillAsync();
        await fixture.BuilderProcess.StartAgainAsync();
        var (ended, whole) = await fixture.EndAsync(build.Name);

        Assert.True(ended.State == State.Succeeded, whole);
        Assert.Contains("Attempt 2 of 5.", whole, StringComparison.Ordinal);
        Assert.Equal($"{app}/releases/1", ended.Release);
    }

    [Fact]
    public async Task Uploads_are_checked()
    {
        var app = await fixture.CreateAppAsync("upload");
        var random = new byte[2 << 20];
        new Random(1).NextBytes(random);
        (random[0], random[1]) = (0x1f, 0x8b);

        var tooLarge = await Assert.ThrowsAsync<RpcException>(() => fixture.UploadAsync(app, random));
        var mismatch = await Assert.ThrowsAsync<RpcException>(() => fixture.UploadAsync(app, BuilderFixture.Sample("hello-node"), "sha256:" + new string('0', 64)));
        var noArchive = await Assert.ThrowsAsync<RpcException>(() => fixture.UploadAsync(app, "plain text"u8.ToArray()));
        var noApp = await Assert.ThrowsAsync<RpcException>(() => fixture.UploadAsync(Gone, BuilderFixture.Sample("hello-node")));

        Assert.Equal((StatusCode.ResourceExhausted, "SOURCE_TOO_LARGE"), (tooLarge.StatusCode, tooLarge.Reason()));
        Assert.Equal((StatusCode.InvalidArgument, "DIGEST_MISMATCH"), (mismatch.StatusCode, mismatch.Reason()));
        Assert.Equal((StatusCode.InvalidArgument, "ARCHIVE_INVALID"), (noArchive.StatusCode, noArchive.Reason()));
        Assert.Equal((StatusCode.NotFound, "APP_NOT_FOUND"), (noApp.StatusCode, noApp.Reason()));
        await NothingIsLeftAsync("uploads");
    }

    [Fact]
    public async Task What_is_not_there_is_not_found()
    {
        var uid = Guid.NewGuid();

        var build = await Assert.ThrowsAsync<RpcException>(() => fixture.Builds.GetBuildAsync(new GetBuildRequest { Name = $"{Gone}/builds/{uid}" }).ResponseAsync);
        var noApp = await Assert.ThrowsAsync<RpcException>(
            () => fixture.Builds.CreateBuildAsync(new CreateBuildRequest { Parent = Gone, Build = new() { Source = $"{Gone}/sources/{uid}" } }).ResponseAsync);
        var app = await fixture.CreateAppAsync("sourceless");
        var source = await Assert.ThrowsAsync<RpcException>(
            () => fixture.Builds.CreateBuildAsync(new CreateBuildRequest { Parent = app, Build = new() { Source = $"{app}/sources/{uid}" } }).ResponseAsync);

        Assert.Equal("BUILD_NOT_FOUND", build.Reason());
        Assert.Equal("APP_NOT_FOUND", noApp.Reason());
        Assert.Equal("SOURCE_NOT_FOUND", source.Reason());
    }

    // A build that was cancelled cleans up after its end was told.
    private Task NothingIsLeftAsync(string folder) =>
        Testing.Wait.UntilAsync($"nothing is left of {folder}", () => !Directory.EnumerateFileSystemEntries(Path.Combine(fixture.Data, folder)).Any());

    private async Task<byte[]> ReadAsync(string repository, string digest)
    {
        using var call = fixture.Blobs.DownloadBlob(new DownloadBlobRequest { Parent = repository, Digest = digest });
        using var content = new MemoryStream();
        await foreach (var part in call.ResponseStream.ReadAllAsync())
            content.Write(part.Data.Span);
        return content.ToArray();
    }
}
