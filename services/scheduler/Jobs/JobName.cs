using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Scheduler.Jobs;

/// <summary>A job: `tenants/acme/jobs/UID`. Its workload is `job-UID`.</summary>
public sealed record JobName(string Tenant, Guid Uid)
{
    public WorkloadName Workload => new(Tenant, $"job-{Uid}");

    public static JobName Parse(string value, string field = "name") =>
        value.Split('/') is ["tenants", var tenant, "jobs", var uid] && Guid.TryParseExact(uid, "D", out var parsed)
            ? new JobName(TenantName.CheckId(tenant, field), parsed)
            : throw MeshException.InvalidArgument(field, "The name must have the form `tenants/{tenant}/jobs/{uid}`.");

    public override string ToString() => $"tenants/{Tenant}/jobs/{Uid}";
}
