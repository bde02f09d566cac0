using Mesh.Builder.Images;

namespace Mesh.Builder.Builds;

/// <summary>Builds as a Dockerfile says.</summary>
public sealed class DockerfileBuild
{
    public Task<Image> RunAsync(BuildJob job, CancellationToken cancellationToken) =>
        throw new BuildFailedException("NOT_DETECTED", "Dockerfile");
}
