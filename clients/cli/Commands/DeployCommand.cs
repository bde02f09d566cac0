using System.CommandLine;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Mesh.Builder.V1;
using Mesh.Cli.Packing;
using Mesh.Cli.Session;
using Mesh.Client;
using Mesh.Contracts;

namespace Mesh.Cli.Commands;

/// <summary>`mesh deploy [dir]`: source up, build log and rollout down.</summary>
internal static class DeployCommand
{
    private const int ChunkBytes = 256 * 1024;

    public static Command Create()
    {
        var folder = new Argument<string>("dir") { Description = "The folder with the source", DefaultValueFactory = _ => "." };
        return new Command("deploy", "Build a folder and roll it out") { folder, AppCommands.App }.Does(async context =>
        {
            var path = Path.GetFullPath(context.Value(folder)!);
            if (!Directory.Exists(path)) throw new CliException($"There is no folder `{path}`.", ExitCodes.Usage);
            var app = await context.AppAsync(context.Value(AppCommands.App) ?? Path.GetFileName(path.TrimEnd('/')));
            // An app that is not there is told before anything is packed.
            await context.Client.Apps.GetAppAsync(new Controller.V1.GetAppRequest { Name = app }, cancellationToken: context.CancellationToken);
            var source = await UploadAsync(context, app, path);
            var build = await BuildAsync(context, app, source);
            if (build.State != Build.Types.State.Succeeded)
                throw new CliException($"The build failed: {build.Failure?.Message ?? build.State.ToString()}");
            return await RolloutCommands.FollowAsync(context, app, build.Release, build);
        });
    }

    private static async Task<Source> UploadAsync(CommandContext context, string app, string folder)
    {
        await using var archive = await SourceArchive.PackAsync(folder, context.CancellationToken);
        context.Output.Line($"-----> Uploading {archive.Length / 1024.0:0.#} KiB");
        using var call = context.Client.Sources.UploadSource(cancellationToken: context.CancellationToken);
        await call.RequestStream.TryWriteAllAsync(MessagesAsync(app, archive, context.CancellationToken), context.CancellationToken);
        // Where the server ended the call early, its answer says why.
        return (await call.ResponseAsync).Source;
    }

    private static async IAsyncEnumerable<UploadSourceRequest> MessagesAsync(
        string app, FileStream archive, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var digest = await SourceArchive.DigestAsync(archive, cancellationToken);
        yield return new() { Start = new() { Parent = app, SizeBytes = archive.Length, Digest = digest } };
        var buffer = new byte[ChunkBytes];
        while (await archive.ReadAtLeastAsync(buffer, ChunkBytes, throwOnEndOfStream: false, cancellationToken) is > 0 and var read)
            yield return new() { Data = ByteString.CopyFrom(buffer, 0, read) };
    }

    private static async Task<Build> BuildAsync(CommandContext context, string app, Source source)
    {
        var request = new CreateBuildRequest { Parent = app, Build = new Build { Source = source.Name }, RequestId = Guid.NewGuid().ToString() };
        var build = (await context.Client.Builds.CreateBuildAsync(request, cancellationToken: context.CancellationToken)).Build;
        await foreach (var piece in context.Client.Builds.LogAsync(build.Name, context.CancellationToken)) context.Output.Raw(piece.Span);
        await foreach (var state in context.Client.Builds.WatchAsync(build.Name, context.CancellationToken)) build = state;
        return build;
    }
}
