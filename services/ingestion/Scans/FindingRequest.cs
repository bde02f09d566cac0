using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Ingestion.Scans;

/// <summary>What a request asks of the list of findings. All names in it must lie in the tenant.</summary>
internal static class FindingRequest
{
    /// <summary>Whether the answer depends on what runs.</summary>
    public static bool NeedsRunning(V1.ListFindingsRequest request) => request.RunningOnly || request.Workload.Length > 0;

    public static FindingFilter Filter(V1.ListFindingsRequest request)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var app = request.App.Length == 0 ? null : AppName.Parse(request.App, "app");
        var workload = request.Workload.Length == 0 ? null : WorkloadName.Parse(request.Workload, "workload");
        var image = request.Image.Length == 0 ? null : ImageName.Parse(request.Image, "image");
        Demand(app?.Tenant, tenant, "app");
        Demand(workload?.Tenant, tenant, "workload");
        Demand(image?.Tenant, tenant, "image");
        if (app is not null && image is not null && app.App != image.Repository)
            throw MeshException.InvalidArgument("image", "The image lies in the repository of another app.");
        return new FindingFilter
        {
            Tenant = tenant,
            Severity = request.Severity,
            Repository = app?.App ?? image?.Repository ?? "",
            Digest = image?.Digest ?? "",
            Id = request.Id,
            FixableOnly = request.FixableOnly,
        };
    }

    /// <summary>The images that a request is about: those that run, and the one that it names.</summary>
    public static IReadOnlyCollection<ImageName> Images(V1.ListFindingsRequest request, FindingFilter filter, RunningSet? running)
    {
        var images = (running?.Images(request.Workload) ?? []).Where(filter.Covers).ToHashSet();
        if (request.Image.Length > 0 && !NeedsRunning(request))
            images.Add(ImageName.Parse(request.Image, "image"));
        return images;
    }

    private static void Demand(string? given, string tenant, string field)
    {
        if (given is not null && given != tenant)
            throw MeshException.InvalidArgument(field, "It must lie in the tenant of `parent`.");
    }
}
