using System.Text.Json;
using Grpc.Core;
using Mesh.Builder.Detection;
using Mesh.Builder.Dockerfiles;
using Mesh.Builder.Images;
using Mesh.Builder.Sboms;
using Mesh.Builder.Sources;
using Mesh.Controller.V1;

namespace Mesh.Builder.Builds;

/// <summary>One build from the source to the release. Everything it does can be done again: a build that broke off begins anew.</summary>
public sealed class BuildRunner(
    BuildQueue queue, SourceStore sources, SourceFiles files, StackBuild stackBuild, DockerfileBuild dockerfileBuild, ImagePush push,
    SbomWriter sboms, ReleaseService.ReleaseServiceClient releases, BuilderOptions options)
{
    public async Task RunAsync(Build build, BuildLease lease, BuildLog log, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.Timeout);
        using var folder = new BuildFolder(options.Data, build.Uid);
        try
        {
            await RunAsync(build, lease, log, folder, timeout.Token);
        }
        catch (Exception error) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested && error is OperationCanceledException or RpcException)
        {
            throw new BuildFailedException("TIMEOUT", $"The build took longer than {options.Timeout.TotalSeconds:N0} s.", error);
        }
    }

    private async Task RunAsync(Build build, BuildLease lease, BuildLog log, BuildFolder folder, CancellationToken cancellationToken)
    {
        var source = await sources.GetAsync(build.Source, cancellationToken);
        await log.LineAsync($"Source {source.Digest[..19]}, {source.SizeBytes:N0} bytes{(source.CommitId.Length > 0 ? $", commit {source.CommitId[..12]} of {source.Branch}" : "")}.", cancellationToken);
        await using (var archive = files.Open(source.Digest))
            await new SourceArchive(options.Archive).ExtractAsync(archive, folder.Source, cancellationToken);

        var plan = await DetectAsync(folder.Source, log, cancellationToken);
        var processes = plan.Processes.ToDictionary(process => process.Name, process => process.CommandLine);
        await queue.DetectedAsync(lease, plan.Language, JsonSerializer.Serialize(processes), cancellationToken);

        var job = new BuildJob(build, source, plan, folder, log);
        var image = plan.IsDockerfile ? await dockerfileBuild.RunAsync(job, cancellationToken) : await stackBuild.RunAsync(job, cancellationToken);

        await queue.PushingAsync(lease, cancellationToken);
        var sbom = await sboms.WriteAsync(job, image, cancellationToken);
        var pushed = await push.PushAsync(job, image, sbom, cancellationToken);
        await log.LineAsync($"Pushed {pushed}.", cancellationToken);

        await queue.PushedAsync(lease, build, pushed, sbom, cancellationToken);
        var release = build.SkipRelease ? "" : await ReleaseAsync(build, source, pushed, processes, log, cancellationToken);
        await log.CompleteAsync();
        await queue.SucceedAsync(lease, release, cancellationToken);
    }

    private static async Task<BuildPlan> DetectAsync(string folder, BuildLog log, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        try
        {
            return Detector.Detect(SourceTreeReader.Read(folder), lines.Add);
        }
        finally
        {
            foreach (var line in lines)
                await log.LineAsync(line, cancellationToken);
        }
    }

    private async Task<string> ReleaseAsync(
        Build build, Source source, string image, IReadOnlyDictionary<string, string> processes, BuildLog log, CancellationToken cancellationToken)
    {
        var request = new CreateReleaseRequest
        {
            Parent = build.AppName.ToString(),
            Release = new Release
            {
                Image = image,
                Processes = { processes.ToDictionary() },
                Description = source.CommitId.Length > 0 ? $"{source.Branch} at {source.CommitId[..12]}" : $"Source {source.Digest[7..19]}",
                Build = build.Name.ToString(),
            },
            RequestId = build.Uid.ToString(),
            OnBehalfOf = build.Creator,
        };
        try
        {
            var answer = await releases.CreateReleaseAsync(request, cancellationToken: cancellationToken);
            await log.LineAsync($"Released as v{answer.Release.Version}.", cancellationToken);
            return answer.Release.Name;
        }
        catch (RpcException error) when (error.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.InvalidArgument or StatusCode.PermissionDenied)
        {
            throw new BuildFailedException("RELEASE_REFUSED", $"The image was built, but the release was refused: {error.Status.Detail}", error);
        }
    }
}
