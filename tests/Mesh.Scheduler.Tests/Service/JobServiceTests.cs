using System.Collections.Concurrent;
using Grpc.Core;
using Mesh.Scheduler.V1;
using Mesh.Testing;
using State = Mesh.Scheduler.V1.Job.Types.State;

namespace Mesh.Scheduler.Tests.Service;

[Trait("Needs", "servers")]
public sealed class JobServiceTests : IClassFixture<SchedulerFixture>
{
    private readonly SchedulerFixture _mesh;

    public JobServiceTests(SchedulerFixture mesh) => _mesh = mesh;

    [Fact]
    public async Task Jobs_succeed_are_tried_again_die_are_retried_cancelled_and_discarded()
    {
        var agent = await _mesh.AgentAsync("jobs", cpuMillis: 8000);
        var failures = new ConcurrentDictionary<string, int>();
        agent.Behaviour = assignment => assignment switch
        {
            { Desired: Allocation.Types.Desired.Stop } => new() { Uid = assignment.Uid, State = Allocation.Types.State.Stopped, ExitCode = 143 },
            _ when Kind(assignment) == "hang" => new() { Uid = assignment.Uid, State = Allocation.Types.State.Running, Healthy = true },
            _ when Kind(assignment) == "fail" => Failed(assignment),
            _ when Kind(assignment) == "once" && failures.AddOrUpdate(assignment.Name.Split('/')[3], 1, (_, n) => n + 1) == 1 => Failed(assignment),
            _ => new() { Uid = assignment.Uid, State = Allocation.Types.State.Stopped },
        };

        var good = await CreateAsync("good");
        Assert.Equal((State.Queued, 3), (good.State, good.MaxAttempts));
        var done = await UntilAsync(good, State.Succeeded);
        Assert.Equal((1, "job-" + good.Uid), (done.Attempts, done.Allocation.Split('/')[3]));
        Assert.Equal(2, (await UntilAsync(await CreateAsync("once"), State.Succeeded)).Attempts);

        var dead = await UntilAsync(await CreateAsync("fail"), State.Dead);
        Assert.Equal((2, 9), (dead.Attempts, dead.ExitCode));
        var listed = await _mesh.Jobs.ListJobsAsync(new ListJobsRequest { Parent = "tenants/acme", State = State.Dead }, SchedulerFixture.Headers);
        Assert.Equal(dead.Name, Assert.Single(listed.Jobs).Name);
        await _mesh.Jobs.RetryJobAsync(new RetryJobRequest { Name = dead.Name }, SchedulerFixture.Headers);
        await UntilAsync(dead, State.Dead);
        await _mesh.Jobs.DiscardJobAsync(new DiscardJobRequest { Name = dead.Name }, SchedulerFixture.Headers);
        var gone = await Assert.ThrowsAsync<RpcException>(() => GetAsync(dead));
        Assert.Equal(StatusCode.NotFound, gone.StatusCode);

        var hanging = await UntilAsync(await CreateAsync("hang"), State.Running);
        await _mesh.Jobs.CancelJobAsync(new CancelJobRequest { Name = hanging.Name }, SchedulerFixture.Headers);
        await UntilAsync(hanging, State.Cancelled);
        var ended = await Assert.ThrowsAsync<RpcException>(async () =>
            await _mesh.Jobs.CancelJobAsync(new CancelJobRequest { Name = hanging.Name }, SchedulerFixture.Headers));
        Assert.Equal(StatusCode.FailedPrecondition, ended.StatusCode);

        var late = await CreateAsync("hang", deadline: 1);
        Assert.Contains("deadline", (await UntilAsync(late, State.Dead)).Message, StringComparison.Ordinal);

        var many = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => CreateAsync("good")));
        foreach (var job in many)
            Assert.Equal(1, (await UntilAsync(job, State.Succeeded)).Attempts);
        var workloads = await _mesh.Workloads.ListWorkloadsAsync(new ListWorkloadsRequest { Parent = "tenants/acme" }, SchedulerFixture.Headers);
        Assert.Empty(workloads.Workloads);
    }

    [Fact]
    public async Task A_repeated_create_makes_one_job()
    {
        // No node has room for it, so it waits until it is cancelled.
        var request = new CreateJobRequest
        {
            Parent = "tenants/other", Job = new Job { Template = Specs.Web(cpuMillis: 900_000).Template }, RequestId = Guid.NewGuid().ToString(),
        };
        var first = await _mesh.Jobs.CreateJobAsync(request, SchedulerFixture.Headers);
        var again = await _mesh.Jobs.CreateJobAsync(request, SchedulerFixture.Headers);
        Assert.Equal(first.Job.Name, again.Job.Name);
        await _mesh.Jobs.CancelJobAsync(new CancelJobRequest { Name = first.Job.Name }, SchedulerFixture.Headers);
    }

    private static string Kind(Assignment assignment) => assignment.Labels.GetValueOrDefault("kind", "");

    private static AllocationStatus Failed(Assignment assignment) =>
        new() { Uid = assignment.Uid, State = Allocation.Types.State.Failed, ExitCode = 9 };

    private async Task<Job> CreateAsync(string kind, long deadline = 60) => (await _mesh.Jobs.CreateJobAsync(new CreateJobRequest
    {
        Parent = "tenants/acme",
        Job = new Job
        {
            Template = Specs.Web(cpuMillis: 50).Template,
            Labels = { ["kind"] = kind },
            MaxAttempts = kind is "fail" or "once" ? 2 : deadline == 1 ? 1 : 0,
            Backoff = new() { Nanos = 100_000_000 },
            Deadline = new() { Seconds = deadline },
        },
    }, SchedulerFixture.Headers)).Job;

    private async Task<Job> GetAsync(Job job) =>
        (await _mesh.Jobs.GetJobAsync(new GetJobRequest { Name = job.Name }, SchedulerFixture.Headers)).Job;

    private async Task<Job> UntilAsync(Job job, State state)
    {
        await Wait.UntilAsync($"{job.Name} is {state}", async () => (job = await GetAsync(job)).State == state);
        return job;
    }
}
