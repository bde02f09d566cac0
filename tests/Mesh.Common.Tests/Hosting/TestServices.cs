using Grpc.Core;
using Mesh.Builder.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Hosting;
using Mesh.Controller.V1;
using Mesh.Ingestion.V1;

namespace Mesh.Common.Tests.Hosting;

/// <summary>Unary calls whose behaviour the app's id chooses.</summary>
internal sealed class TestApps : AppService.AppServiceBase
{
    public override Task<GetAppResponse> GetApp(GetAppRequest request, ServerCallContext context) => request.Name.Split('/')[^1] switch
    {
        "missing" => throw MeshException.NotFound("APP_NOT_FOUND", "There is no app `missing`."),
        "broken" => throw new InvalidOperationException("the password is hunter2"),
        "busy" => throw MeshException.ResourceExhausted("QUEUE_FULL", "The queue is full.", TimeSpan.FromSeconds(3)),
        "invalid" => throw MeshException.InvalidArgument([new("a", "A is wrong."), new("b", "B is wrong.")]),
        "slow" => SlowAsync(context.CancellationToken),
        _ => Task.FromResult(new GetAppResponse { App = Describe(request.Name, context) }),
    };

    public override Task<CreateAppResponse> CreateApp(CreateAppRequest request, ServerCallContext context) =>
        Task.FromResult(new CreateAppResponse { App = Describe(request.Parent, context) });

    public override Task<UpdateAppResponse> UpdateApp(UpdateAppRequest request, ServerCallContext context) =>
        Task.FromResult(new UpdateAppResponse { App = Describe(request.App.Name, context) });

    /// <summary>Tells the caller what this server knows of the call.</summary>
    private static App Describe(string name, ServerCallContext context) => new()
    {
        Name = name,
        DisplayName = context.Principal().Subject,
        Uid = RequestScope.Current!.RequestId,
        Url = System.Diagnostics.Activity.Current?.TraceId.ToHexString() ?? "",
        Labels = { ["deadline"] = context.Deadline.ToString("O") },
    };

    private static async Task<GetAppResponse> SlowAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return new();
    }
}

/// <summary>A server stream.</summary>
internal sealed class TestEvents : EventService.EventServiceBase
{
    public override async Task WatchEvents(
        WatchEventsRequest request, IServerStreamWriter<WatchEventsResponse> responseStream, ServerCallContext context)
    {
        await responseStream.WriteAsync(new() { Subject = context.Principal().Subject });
        throw MeshException.OutOfRange("CURSOR_TOO_OLD", "The cursor is too old.");
    }
}

/// <summary>A client stream.</summary>
internal sealed class TestSources : SourceService.SourceServiceBase
{
    public override async Task<UploadSourceResponse> UploadSource(IAsyncStreamReader<UploadSourceRequest> requestStream, ServerCallContext context)
    {
        await requestStream.MoveNext(context.CancellationToken);
        context.Authorize(requestStream.Current.Start.Parent);
        var bytes = 0L;
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken)) bytes += request.Data.Length;
        if (bytes == 0) throw MeshException.InvalidArgument("data", "The source is empty.");
        return new() { Source = new() { SizeBytes = bytes } };
    }
}

/// <summary>A stream in both directions.</summary>
internal sealed class TestTelemetry : TelemetryService.TelemetryServiceBase
{
    public override async Task Stream(
        IAsyncStreamReader<StreamRequest> requestStream, IServerStreamWriter<StreamResponse> responseStream, ServerCallContext context)
    {
        await foreach (var _ in requestStream.ReadAllAsync(context.CancellationToken)) await responseStream.WriteAsync(new());
        throw MeshException.Aborted("WRITER_REPLACED", "Another stream of this writer has begun.");
    }
}
