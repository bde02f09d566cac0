using Grpc.Core;
using Mesh.Builder.Sources;
using Mesh.Builder.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Controller.V1;

namespace Mesh.Builder.Builds;

internal sealed class BuildService(BuildStore store, SourceStore sources, BuildWatch watch, AppService.AppServiceClient apps) : V1.BuildService.BuildServiceBase
{
    public override async Task<CreateBuildResponse> CreateBuild(CreateBuildRequest request, ServerCallContext context)
    {
        var app = AppName.Parse(request.Parent, "parent");
        var name = SourceName.Parse(request.Build?.Source ?? "", "build.source");
        if (name.Parent != app)
            throw MeshException.InvalidArgument("build.source", $"The source must be one of `{app}`.");
        var requestId = ParseRequestId(request.RequestId);
        await apps.GetAppAsync(new GetAppRequest { Name = app.ToString() }, cancellationToken: context.CancellationToken);
        await sources.GetAsync(name, context.CancellationToken);
        var build = await store.CreateAsync(name, requestId, request.Build!.SkipRelease, context.Principal().Subject, context.CancellationToken);
        return new CreateBuildResponse { Build = build.ToWire() };
    }

    public override async Task<GetBuildResponse> GetBuild(GetBuildRequest request, ServerCallContext context)
    {
        var build = await store.GetAsync(BuildName.Parse(request.Name), context.CancellationToken);
        return new GetBuildResponse { Build = build.ToWire() };
    }

    public override async Task<ListBuildsResponse> ListBuilds(ListBuildsRequest request, ServerCallContext context)
    {
        var app = AppName.Parse(request.Parent, "parent");
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, request.Parent) is { } position ? Guid.Parse(position) : (Guid?)null;
        var builds = await store.ListAsync(app, size + 1, after, context.CancellationToken);
        var page = builds.Take(size).ToArray();
        var next = builds.Count > size ? PageToken.Encode(page[^1].Uid.ToString(), request.Parent) : "";
        return new ListBuildsResponse { Builds = { page.Select(build => build.ToWire()) }, NextPageToken = next };
    }

    public override async Task<CancelBuildResponse> CancelBuild(CancelBuildRequest request, ServerCallContext context)
    {
        var build = await store.CancelAsync(BuildName.Parse(request.Name), context.Principal().Subject, context.CancellationToken);
        return new CancelBuildResponse { Build = build.ToWire() };
    }

    public override async Task WatchBuild(WatchBuildRequest request, IServerStreamWriter<WatchBuildResponse> responseStream, ServerCallContext context)
    {
        await foreach (var build in watch.BuildAsync(BuildName.Parse(request.Name), context.CancellationToken))
            await responseStream.WriteAsync(new WatchBuildResponse { Build = build.ToWire() }, context.CancellationToken);
    }

    public override async Task StreamBuildLog(StreamBuildLogRequest request, IServerStreamWriter<StreamBuildLogResponse> responseStream, ServerCallContext context)
    {
        if (request.Offset < 0)
            throw MeshException.InvalidArgument("offset", "The offset must not be negative.");
        var offset = request.Offset;
        await foreach (var data in watch.LogAsync(BuildName.Parse(request.Name), offset, context.CancellationToken))
        {
            offset += data.Length;
            var message = new StreamBuildLogResponse { Data = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(data), NextOffset = offset };
            await responseStream.WriteAsync(message, context.CancellationToken);
        }
    }

    private static Guid? ParseRequestId(string value) =>
        value.Length == 0 ? null : Guid.TryParse(value, out var id) ? id : throw MeshException.InvalidArgument("request_id", "It must be a UUID.");
}
