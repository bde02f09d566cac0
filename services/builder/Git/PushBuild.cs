using System.Runtime.CompilerServices;
using System.Text;
using Mesh.Builder.Builds;
using Mesh.Builder.Sources;
using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Builder.Git;

/// <summary>Builds what was pushed to the main branch, and shows the log to the one who pushes. A broken build refuses the push.</summary>
public sealed partial class PushBuild(
    SourceFiles files, SourceStore sources, BuildStore builds, BuildWatch watch, ILogger<PushBuild> logger)
{
    /// <summary>Whether the push is taken.</summary>
    public async Task<bool> RunAsync(
        AppName app, string pusher, string folder, IReadOnlyList<PushedRef> refs, TextWriter output, CancellationToken cancellationToken)
    {
        foreach (var stored in refs.Where(pushed => pushed is { IsDeletion: false, IsReleased: false, Branch.Length: > 0 }))
            await output.WriteLineAsync($"Branch '{stored.Branch}' is stored; only main is built and released.");
        var released = refs.Where(pushed => pushed.IsReleased).ToArray();
        if (released.Length > 1)
        {
            await output.WriteLineAsync("main and master cannot be pushed at once: only one of them can be released.");
            return false;
        }
        return released.Length == 0 || await BuildAsync(app, pusher, Path.Combine(folder, released[0].New + ".tar.gz"), released[0], output, cancellationToken);
    }

    private async Task<bool> BuildAsync(
        AppName app, string pusher, string archive, PushedRef pushed, TextWriter output, CancellationToken cancellationToken)
    {
        BuildName? build = null;
        try
        {
            var file = await files.StoreAsync(Chunks(archive, cancellationToken), "", cancellationToken);
            var source = await sources.AddAsync(app, file, new GitOrigin(pushed.New, pushed.Branch), pusher, cancellationToken);
            build = (await builds.CreateAsync(source.Name, requestId: null, skipRelease: false, pusher, cancellationToken)).Name;
            await output.WriteLineAsync($"Build {build.Uid}");
            await ShowLogAsync(build, output, cancellationToken);
            var ended = await builds.GetAsync(build, cancellationToken);
            return ended.State == BuildState.Succeeded;
        }
        catch (MeshException error)
        {
            await output.WriteLineAsync($"The push is refused: {error.Message}");
            return false;
        }
        catch (Exception error) when (error is IOException or OperationCanceledException && build is not null)
        {
            // Whoever pushed went away: git refuses the push, so nothing may be released of it.
            await CancelAsync(build, pusher);
            throw;
        }
    }

    private async Task ShowLogAsync(BuildName build, TextWriter output, CancellationToken cancellationToken)
    {
        var decoder = Encoding.UTF8.GetDecoder();
        await foreach (var data in watch.LogAsync(build, 0, cancellationToken))
        {
            var characters = new char[Encoding.UTF8.GetMaxCharCount(data.Length)];
            var count = decoder.GetChars(data, characters, flush: false);
            await output.WriteAsync(characters.AsMemory(0, count), cancellationToken);
        }
    }

    private async Task CancelAsync(BuildName build, string pusher)
    {
        try
        {
            await builds.CancelAsync(build, pusher, CancellationToken.None);
        }
        catch (MeshException ended)
        {
            LogNotCancelled(build.ToString(), ended.Message);
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Chunks(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        var buffer = new byte[128 << 10];
        for (int count; (count = await file.ReadAsync(buffer, cancellationToken)) > 0;)
            yield return buffer.AsMemory(0, count);
    }

    [LoggerMessage(LogLevel.Information, "{Build} of a push that broke off was not cancelled: {Why}")]
    private partial void LogNotCancelled(string build, string why);
}
