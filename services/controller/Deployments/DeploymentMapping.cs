using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Paging;
using Mesh.Controller.Apps;

namespace Mesh.Controller.Deployments;

internal static class DeploymentMapping
{
    public static V1.Deployment ToWire(this Deployment deployment, AppAddress address) => new()
    {
        Name = deployment.Name.ToString(),
        Uid = deployment.Uid.ToString(),
        Release = ReleaseName(deployment, deployment.Release),
        RunningRelease = ReleaseName(deployment, deployment.RunningRelease),
        Scale = { deployment.Scale },
        Overrides = { deployment.Overrides },
        State = (V1.Deployment.Types.State)deployment.State,
        FailureReason = (V1.Deployment.Types.FailureReason)deployment.FailureReason,
        Message = deployment.Message,
        Processes = { deployment.Status.Select(ToWire) },
        Url = address.UrlOf(deployment.Name),
        Etag = ETag.Of(deployment.Generation),
        CreateTime = deployment.CreateTime.ToTimestamp(),
        UpdateTime = deployment.UpdateTime.ToTimestamp(),
    };

    public static V1.Action ToWire(this DeploymentAction action) => new()
    {
        Name = $"{action.Parent}/actions/{action.Uid}",
        Kind = (V1.Action.Types.Kind)action.Kind,
        State = (V1.Action.Types.State)action.State,
        Creator = action.Creator,
        Message = action.Message,
        Release = action.Release == 0 ? "" : $"{action.Parent.Parent}/releases/{action.Release}",
        Attempts = action.Attempts,
        Log = action.Log,
        CreateTime = action.CreateTime.ToTimestamp(),
        EndTime = action.EndTime?.ToTimestamp(),
    };

    private static V1.Process ToWire(ProcessStatus status) => new()
    {
        Type = status.Type,
        Command = status.Command,
        Workload = status.Workload,
        Desired = status.Desired,
        Healthy = status.Healthy,
        Old = status.Old,
        Message = status.Message,
    };

    private static string ReleaseName(Deployment deployment, long version) =>
        version == 0 ? "" : $"{deployment.Name.Parent}/releases/{version}";
}
