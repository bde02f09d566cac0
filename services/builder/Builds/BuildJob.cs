using Mesh.Builder.Detection;
using Mesh.Builder.Sources;
using Mesh.Common.Names;

namespace Mesh.Builder.Builds;

/// <summary>What the steps of one build share.</summary>
public sealed record BuildJob(Build Build, Source Source, BuildPlan Plan, BuildFolder Folder, BuildLog Log)
{
    /// <summary>Where the image goes.</summary>
    public RepositoryName Repository => new(Build.Tenant, Build.App);
}
