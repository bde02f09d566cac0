using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion.Telemetry;

/// <summary>The wire of telemetry that comes in over Mesh's own contract.</summary>
public sealed class TelemetryService(IntakeService intake, BodyBudget budget, StreamRoom room, WriterTable writers, TenantStreams streams,
    WriteAheadLog log)
    : V1.TelemetryService.TelemetryServiceBase
{
    public override async Task Stream(
        IAsyncStreamReader<V1.StreamRequest> requestStream, IServerStreamWriter<V1.StreamResponse> responseStream, ServerCallContext context)
    {
        if (!await requestStream.MoveNext(context.CancellationToken) || requestStream.Current.Open is not { } open)
            throw MeshException.InvalidArgument("open", "The first message of a stream must open it.");

        var scope = ScopeOf(open, context);
        using var lease = streams.Enter(scope.Tenant);
        using var held = writers.OfStream(scope.Tenant, context.Principal().Subject, WriterId(open.WriterId, "open.writer_id"));
        var writer = held.Writer;
        var generation = await writer.OpenAsync(context.CancellationToken);
        await responseStream.WriteAsync(new V1.StreamResponse
        {
            Opened = new()
            {
                LastDurableNumber = writer.Durable,
                WindowBatches = TelemetryStream.WindowBatches,
                WindowBytes = TelemetryStream.WindowBytes,
                LogId = log.Recovered.LogId.ToString(),
            },
        }, context.CancellationToken);

        using var stream = new TelemetryStream(intake, budget, room, context.Principal().Subject, writer, generation, scope);
        await stream.RunAsync(requestStream, responseStream, context.CancellationToken);
    }

    public override async Task<V1.WriteResponse> Write(V1.WriteRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var batch = request.Batch ?? throw MeshException.InvalidArgument("batch", "A batch is required.");
        CallBodies.Cover(context, batch.CalculateSize());
        using var held = request.RequestId.Length == 0 ? null : writers.OfRequest(tenant, WriterId(request.RequestId, "request_id"));
        var writer = held?.Writer;
        var response = new V1.WriteResponse();
        if (writer is { Durable: > 0 })
            return response;

        var generation = writer is null ? 0 : await writer.OpenAsync(context.CancellationToken);
        if (writer is { Durable: > 0 })
            return response;

        var builder = intake.Begin();
        using (var decoder = new BatchDecoder(new WriteScope(tenant, context.Principal().IsService)))
            decoder.Decode(batch, builder);
        await (intake.WriteAsync(builder, writer, 1, generation)
            ?? throw MeshException.Aborted("WRITER_SUPERSEDED", "Another call has the same request id.", TimeSpan.Zero));
        response.Rejections.AddRange(Answers.Of(builder.Rejections));
        return response;
    }

    private static WriteScope ScopeOf(V1.StreamRequest.Types.Open open, ServerCallContext context)
    {
        var principal = context.Principal();
        if (open.Parent.Length == 0 && principal.IsService)
            return new WriteScope(WriteScope.Platform, true);

        var tenant = TenantName.Parse(open.Parent, "open.parent").Tenant;
        context.Demand("telemetry.write", Auth.V1.Role.Developer, tenant);
        return new WriteScope(tenant, principal.IsService);
    }

    private static string WriterId(string id, string field) =>
        Guid.TryParse(id, out var uuid) ? uuid.ToString() : throw MeshException.InvalidArgument(field, "A UUID is required.");
}
