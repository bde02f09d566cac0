using Grpc.Core;
using Grpc.Health.V1;
using Mesh.Common.Errors;
using Mesh.Common.Hosting;
using Microsoft.Extensions.Hosting;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Mesh.Common.Health;

/// <summary>grpc.health.v1 over <see cref="ServerHealth"/>. All services of one program share its status.</summary>
internal sealed class HealthService(ServerHealth health, ServiceCatalog catalog, MeshOptions options, IHostApplicationLifetime lifetime)
    : Grpc.Health.V1.Health.HealthBase
{
    private ServingStatus Status => health.IsReady ? ServingStatus.Serving : ServingStatus.NotServing;

    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) => Knows(request.Service)
        ? Task.FromResult(new HealthCheckResponse { Status = Status })
        : throw MeshException.NotFound("SERVICE_UNKNOWN", "This server has no such service.");

    public override Task<HealthListResponse> List(HealthListRequest request, ServerCallContext context)
    {
        var response = new HealthListResponse();
        foreach (var name in catalog.ServiceNames.Append("")) response.Statuses[name] = new() { Status = Status };
        return Task.FromResult(response);
    }

    public override async Task Watch(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopped);
        ServingStatus? sent = null;
        while (!end.IsCancellationRequested)
        {
            // Taken before the status is read: a change in between ends the wait at once.
            var change = health.NextChange;
            // Before the status as well: the last word of a server that leaves is that it does.
            var last = health.IsDraining;
            var now = Knows(request.Service) ? Status : ServingStatus.ServiceUnknown;
            if (now != sent) await responseStream.WriteAsync(new() { Status = now }, end.Token);
            sent = now;
            if (last) return;
            await change.WaitAsync(end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool Knows(string service) => service.Length == 0 || service == options.Service || catalog.ServiceNames.Contains(service);
}
