using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.Telemetry;

/// <summary>Decodes the batches of one stream, or one batch of its own.</summary>
public sealed class BatchDecoder(WriteScope scope, BodyBudget.Lease? room = null) : IDisposable
{
    private readonly StreamSeries _series = new(room);
    private readonly SeriesBuilder _builder = new();

    public void Decode(V1.Batch batch, BatchBuilder target)
    {
        foreach (var declaration in batch.Series)
            Declare(declaration, target);
        if (batch.Samples is not null)
            SampleDecoder.Decode(batch.Samples, _series, target);
        RecordDecoder.Decode(batch.Logs, scope, target);
        RecordDecoder.Decode(batch.Spans, scope, target);
        RecordDecoder.Decode(batch.Events, scope, target);
    }

    public void Dispose()
    {
        _series.Dispose();
        _builder.Dispose();
    }

    private void Declare(V1.SeriesDeclaration declaration, BatchBuilder target)
    {
        _series.Forget(declaration.Ref);
        var tenant = scope.Resolve(declaration.Tenant);
        _builder.Begin(tenant ?? "", declaration.Metric);
        foreach (var label in declaration.Labels)
            _builder.Label(label.Name, label.Value);
        if (tenant is null)
            Refuse(RejectionReason.ForeignTenant, target);
        else if (target.Series(_builder, tenant) is var id and not 0 && !_series.Declare(declaration.Ref, id, tenant, _builder.Form, target.Window.Day))
            Refuse(RejectionReason.TooLarge, target);
    }

    private void Refuse(RejectionReason reason, BatchBuilder target)
    {
        target.Rejections.Add(reason);
        target.Rejections.Name(_builder);
    }
}
