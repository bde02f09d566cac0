using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Names;
using Mesh.Common.Paging;

namespace Mesh.Scheduler.Workloads;

/// <summary>Workloads and allocations as the contract shows them. Values of env are never answered.</summary>
public static class WorkloadMapping
{
    public static V1.Workload ToWire(this Workload workload)
    {
        var spec = workload.Spec.Clone();
        spec.Template = workload.Template;
        return new V1.Workload
        {
            Name = workload.Name.ToString(),
            Uid = workload.Uid.ToString(),
            Spec = spec,
            Revision = workload.Revision,
            State = workload.State,
            Message = workload.Message,
            Rollout = new V1.Workload.Types.Rollout
            {
                Desired = workload.Desired,
                Updated = workload.Updated,
                Healthy = workload.Healthy,
                Old = workload.Old,
                Unplaced = workload.Unplaced,
            },
            EndpointsGeneration = workload.EndpointsGeneration,
            Etag = ETag.Of(workload.SpecVersion),
            CreateTime = workload.CreateTime.ToTimestamp(),
            UpdateTime = workload.UpdateTime.ToTimestamp(),
        };
    }

    public static V1.Allocation ToWire(this Allocation allocation) => new()
    {
        Name = allocation.Name.ToString(),
        Uid = allocation.Uid.ToString(),
        Node = new NodeName(allocation.Node).ToString(),
        Revision = allocation.Revision,
        Desired = allocation.Desired,
        State = allocation.State,
        Healthy = allocation.Healthy,
        Address = allocation.Address,
        Message = allocation.Message,
        ExitCode = allocation.ExitCode,
        OomKilled = allocation.OomKilled,
        Restarts = allocation.Restarts,
        CreateTime = allocation.CreateTime.ToTimestamp(),
        StartTime = allocation.StartTime?.ToTimestamp(),
        EndTime = allocation.EndTime?.ToTimestamp(),
        Image = allocation.Image ?? "",
    };
}
