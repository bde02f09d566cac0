using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;
using Mesh.Scheduler.Workloads;

namespace Mesh.Scheduler.Jobs;

/// <summary>JobService: parses, calls, maps.</summary>
public sealed class JobService(MeshDatabase database, JobStore jobs, JobQueue queue, RequestStore requests)
    : V1.JobService.JobServiceBase
{
    private static readonly TimeSpan LongestDeadline = TimeSpan.FromDays(7);

    public override async Task<V1.CreateJobResponse> CreateJob(V1.CreateJobRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var job = Check(request.Job);
        var requestId = RequestStore.Parse(request.RequestId);
        await using var transaction = await database.BeginAsync(tenant, context.CancellationToken);
        var response = await requests.OnceAsync(transaction, requestId, tenant, async () => new V1.CreateJobResponse
        {
            Job = (await queue.CreateAsync(transaction, tenant, job, context.CancellationToken)).ToWire(),
        }, context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
        return response;
    }

    public override async Task<V1.GetJobResponse> GetJob(V1.GetJobRequest request, ServerCallContext context)
    {
        var name = JobName.Parse(request.Name);
        await using var transaction = await database.BeginAsync(name.Tenant, context.CancellationToken);
        var job = await jobs.FindAsync(transaction, name, context.CancellationToken) ?? throw JobQueue.NotFound(name);
        return new V1.GetJobResponse { Job = job.ToWire() };
    }

    public override async Task<V1.ListJobsResponse> ListJobs(V1.ListJobsRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var size = PageToken.Size(request.PageSize);
        var state = request.State.ToString();
        var before = PageToken.Decode(request.PageToken, request.Parent, state) is { } position ? Guid.Parse(position) : (Guid?)null;
        await using var transaction = await database.BeginAsync(tenant, context.CancellationToken);
        var page = await jobs.ListAsync(transaction, tenant, request.State, before, size + 1, context.CancellationToken);
        return new V1.ListJobsResponse
        {
            Jobs = { page.Take(size).Select(job => job.ToWire()) },
            NextPageToken = page.Count > size ? PageToken.Encode(page[size - 1].Uid.ToString(), request.Parent, state) : "",
        };
    }

    public override async Task<V1.CancelJobResponse> CancelJob(V1.CancelJobRequest request, ServerCallContext context) =>
        new() { Job = await ChangeAsync(request.Name, queue.CancelAsync, context.CancellationToken) };

    public override async Task<V1.RetryJobResponse> RetryJob(V1.RetryJobRequest request, ServerCallContext context) =>
        new() { Job = await ChangeAsync(request.Name, queue.RetryAsync, context.CancellationToken) };

    public override async Task<V1.DiscardJobResponse> DiscardJob(V1.DiscardJobRequest request, ServerCallContext context)
    {
        var name = JobName.Parse(request.Name);
        await using var transaction = await database.BeginAsync(name.Tenant, context.CancellationToken);
        await queue.DiscardAsync(transaction, name, context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
        return new V1.DiscardJobResponse();
    }

    private async Task<V1.Job> ChangeAsync(
        string value, Func<MeshTransaction, JobName, CancellationToken, Task<Job>> change, CancellationToken cancellationToken)
    {
        var name = JobName.Parse(value);
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var job = await change(transaction, name, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return job.ToWire();
    }

    private static V1.Job Check(V1.Job? job)
    {
        if (job is null)
            throw MeshException.InvalidArgument("job", "A job is required.");
        if (job.MaxAttempts is < 0 or > 100)
            throw MeshException.InvalidArgument("job.max_attempts", "The attempts must be 1 to 100.");
        if (!IsWithin(job.Deadline, LongestDeadline))
            throw MeshException.InvalidArgument("job.deadline", "It must be between 0 and 7 days.");
        if (!IsWithin(job.Backoff, LongestDeadline))
            throw MeshException.InvalidArgument("job.backoff", "It must be between 0 and 7 days.");
        SpecCheck.Check(job.Template, "job.template");
        return job;
    }

    private static bool IsWithin(Duration? duration, TimeSpan longest) =>
        duration is null || (duration is { Seconds: >= 0, Nanos: >= 0 and < 1_000_000_000 } && duration.Seconds <= longest.TotalSeconds);
}
