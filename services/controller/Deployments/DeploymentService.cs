using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.FieldMasks;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;
using Mesh.Controller.Apps;
using Mesh.Controller.Audit;
using Mesh.Controller.Changes;
using Mesh.Controller.Configs;
using Mesh.Controller.Releases;

namespace Mesh.Controller.Deployments;

/// <summary>mesh.controller.v1.DeploymentService.</summary>
public sealed class DeploymentService(
    DeploymentStore store, ActionStore actions, PostgresSignals signals, AppAddress address, TimeProvider time)
    : V1.DeploymentService.DeploymentServiceBase
{
    private const int MostProcesses = 1000;

    public override async Task<V1.CreateDeploymentResponse> CreateDeployment(V1.CreateDeploymentRequest request, ServerCallContext context)
    {
        var app = AppName.Parse(request.Parent, "parent");
        var name = new DeploymentName(app.Tenant, app.App, DeploymentName.CheckId(request.DeploymentId, "deployment_id"));
        var given = request.Deployment ?? new V1.Deployment();
        var deployment = Deployment.New(name, time.GetUtcNow()) with
        {
            Scale = CheckScale(given.Scale, "deployment.scale"),
            Overrides = ConfigMapping.Check(given.Overrides.ToDictionary(), "deployment.overrides"),
        };
        deployment = await store.CreateAsync(deployment, request.RequestId, request.ValidateOnly, Actor.Of(context), context.CancellationToken);
        return new V1.CreateDeploymentResponse { Deployment = deployment.ToWire(address) };
    }

    public override async Task<V1.GetDeploymentResponse> GetDeployment(V1.GetDeploymentRequest request, ServerCallContext context)
    {
        var deployment = await store.GetAsync(DeploymentName.Parse(request.Name), context.CancellationToken);
        return new V1.GetDeploymentResponse { Deployment = deployment.ToWire(address) };
    }

    public override async Task<V1.ListDeploymentsResponse> ListDeployments(V1.ListDeploymentsRequest request, ServerCallContext context)
    {
        var app = AppName.Parse(request.Parent, "parent");
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, request.Parent) ?? "";
        var deployments = await store.ListAsync(app, after, size, context.CancellationToken);
        var response = new V1.ListDeploymentsResponse { Deployments = { deployments.Select(d => d.ToWire(address)) } };
        if (deployments.Count == size) response.NextPageToken = PageToken.Encode(deployments[^1].Id, request.Parent);
        return response;
    }

    public override async Task<V1.UpdateDeploymentResponse> UpdateDeployment(V1.UpdateDeploymentRequest request, ServerCallContext context)
    {
        var given = request.Deployment ?? throw MeshException.InvalidArgument("deployment", "A deployment is required.");
        var mask = UpdateMask.Of(request.UpdateMask, given, "overrides");
        var overrides = ConfigMapping.Check(given.Overrides.ToDictionary(), "deployment.overrides");
        var deployment = await store.ChangeAsync(
            DeploymentName.Parse(given.Name, "deployment.name"), given.Etag, "", ActionKind.Update,
            (_, before) => Task.FromResult(before with { Overrides = mask.Has("overrides") ? overrides : before.Overrides }), Actor.Of(context), context.CancellationToken);
        return new V1.UpdateDeploymentResponse { Deployment = deployment.ToWire(address) };
    }

    public override async Task<V1.DeployReleaseResponse> DeployRelease(V1.DeployReleaseRequest request, ServerCallContext context)
    {
        var release = ReleaseName.Parse(request.Release, "release");
        var deployment = await ChangeAsync(request.Name, request.Etag, request.RequestId, ActionKind.Update, context, async (transaction, before) =>
        {
            if (release.Parent != before.Name.Parent) throw MeshException.InvalidArgument("release", "The release must be of the same app.");
            NotArchived(before);
            await ReleaseStore.FindAsync(transaction, release, context.CancellationToken);
            return before with { Release = release.Number };
        });
        return new V1.DeployReleaseResponse { Deployment = deployment };
    }

    public override async Task<V1.ScaleDeploymentResponse> ScaleDeployment(V1.ScaleDeploymentRequest request, ServerCallContext context)
    {
        var scale = CheckScale(request.Scale, "scale");
        if (scale.Count == 0) throw MeshException.InvalidArgument("scale", "Name at least one process type.");
        var deployment = await ChangeAsync(request.Name, request.Etag, request.RequestId, ActionKind.Update, context, async (transaction, before) =>
        {
            NotArchived(before);
            await CheckTypesAsync(transaction, before, scale.Keys, context.CancellationToken);
            var merged = new Dictionary<string, int>(before.Scale);
            foreach (var (type, count) in scale) merged[type] = count;
            return before with { Scale = merged };
        });
        return new V1.ScaleDeploymentResponse { Deployment = deployment };
    }

    public override async Task<V1.RestartDeploymentResponse> RestartDeployment(V1.RestartDeploymentRequest request, ServerCallContext context) => new()
    {
        Deployment = await ChangeAsync(request.Name, request.Etag, request.RequestId, ActionKind.Restart, context, (_, before) =>
            Task.FromResult(NotArchived(before) with { RestartMarker = Guid.CreateVersion7(time.GetUtcNow()).ToString() })),
    };

    public override async Task<V1.ArchiveDeploymentResponse> ArchiveDeployment(V1.ArchiveDeploymentRequest request, ServerCallContext context) => new()
    {
        Deployment = await ChangeAsync(request.Name, request.Etag, request.RequestId, ActionKind.Archive, context, (_, before) =>
            Task.FromResult(NotArchived(before) with { Archived = true })),
    };

    public override async Task<V1.RestoreDeploymentResponse> RestoreDeployment(V1.RestoreDeploymentRequest request, ServerCallContext context) => new()
    {
        Deployment = await ChangeAsync(request.Name, request.Etag, request.RequestId, ActionKind.Restore, context, (_, before) =>
            before.Archived
                ? Task.FromResult(before with { Archived = false })
                : throw MeshException.FailedPrecondition("DEPLOYMENT_NOT_ARCHIVED", $"The deployment `{before.Id}` is not archived.")),
    };

    public override async Task<V1.DeleteDeploymentResponse> DeleteDeployment(V1.DeleteDeploymentRequest request, ServerCallContext context)
    {
        await ChangeAsync(request.Name, request.Etag, "", ActionKind.Delete, context, (_, before) => before.Id == AppAddress.Production
            ? throw MeshException.FailedPrecondition("PRODUCTION_DEPLOYMENT", "The deployment `production` goes with its app.")
            : Task.FromResult(before with { Deleting = true }));
        return new V1.DeleteDeploymentResponse();
    }

    public override async Task WatchDeployment(
        V1.WatchDeploymentRequest request, IServerStreamWriter<V1.WatchDeploymentResponse> responseStream, ServerCallContext context)
    {
        var name = DeploymentName.Parse(request.Name);
        using var changes = signals.Subscribe(ChangeTopics.Channel, name.ToString());
        V1.Deployment? sent = null;
        while (true)
        {
            var deployment = (await store.GetAsync(name, context.CancellationToken)).ToWire(address);
            if (!deployment.Equals(sent)) await responseStream.WriteAsync(new V1.WatchDeploymentResponse { Deployment = deployment }, context.CancellationToken);
            sent = deployment;
            await changes.WaitAsync(context.CancellationToken);
        }
    }

    public override async Task<V1.GetActionResponse> GetAction(V1.GetActionRequest request, ServerCallContext context)
    {
        const string middle = "/actions/";
        var split = request.Name.IndexOf(middle, StringComparison.Ordinal);
        if (split < 0 || !Guid.TryParse(request.Name[(split + middle.Length)..], out var uid))
            throw MeshException.InvalidArgument("name", "The name must have the form `tenants/*/apps/*/deployments/*/actions/*`.");
        var action = await actions.GetAsync(DeploymentName.Parse(request.Name[..split]), uid, context.CancellationToken);
        return new V1.GetActionResponse { Action = action.ToWire() };
    }

    public override async Task<V1.ListActionsResponse> ListActions(V1.ListActionsRequest request, ServerCallContext context)
    {
        var size = PageToken.Size(request.PageSize);
        var before = PageToken.Decode(request.PageToken, request.Parent) is { } position ? Guid.Parse(position) : (Guid?)null;
        var found = await actions.ListAsync(DeploymentName.Parse(request.Parent, "parent"), before, size, context.CancellationToken);
        var response = new V1.ListActionsResponse { Actions = { found.Select(a => a.ToWire()) } };
        if (found.Count == size) response.NextPageToken = PageToken.Encode(found[^1].Uid.ToString(), request.Parent);
        return response;
    }

    private async Task<V1.Deployment> ChangeAsync(
        string name, string etag, string requestId, ActionKind kind, ServerCallContext context, Func<MeshTransaction, Deployment, Task<Deployment>> change)
    {
        var deployment = await store.ChangeAsync(
            DeploymentName.Parse(name), etag, requestId, kind, change, Actor.Of(context), context.CancellationToken);
        return deployment.ToWire(address);
    }

    private static Deployment NotArchived(Deployment deployment) => deployment.Archived
        ? throw MeshException.FailedPrecondition("DEPLOYMENT_ARCHIVED", $"The deployment `{deployment.Id}` is archived. Restore it first.")
        : deployment;

    private static Dictionary<string, int> CheckScale(IDictionary<string, int> scale, string field)
    {
        foreach (var (type, count) in scale)
        {
            ProcessType.Check(type, field);
            if (count is < 0 or > MostProcesses) throw MeshException.InvalidArgument($"{field}[{type}]", "A count lies between 0 and 1,000.");
        }
        return scale.ToDictionary();
    }

    private static async Task CheckTypesAsync(
        MeshTransaction transaction, Deployment deployment, IEnumerable<string> types, CancellationToken cancellationToken)
    {
        if (deployment.Release == 0) return;
        var release = await ReleaseStore.FindAsync(
            transaction, new ReleaseName(deployment.Tenant, deployment.App, deployment.Release), cancellationToken);
        var unknown = types.Where(t => !release.Processes.ContainsKey(t)).ToArray();
        if (unknown.Length == 0) return;
        var known = string.Join(", ", release.Processes.Keys.Order(StringComparer.Ordinal));
        throw MeshException.InvalidArgument($"scale[{unknown[0]}]", $"Release v{release.Version} has no such process type. It has: {known}.");
    }
}
