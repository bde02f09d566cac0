using System.Runtime.CompilerServices;
using Grpc.Core;
using Mesh.Builder.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Controller.V1;

namespace Mesh.Builder.Sources;

internal sealed class SourceService(SourceFiles files, SourceStore store, AppService.AppServiceClient apps) : V1.SourceService.SourceServiceBase
{
    public override async Task<UploadSourceResponse> UploadSource(IAsyncStreamReader<UploadSourceRequest> requestStream, ServerCallContext context)
    {
        var cancellation = context.CancellationToken;
        if (!await requestStream.MoveNext(cancellation) || requestStream.Current.Start is not { } start)
            throw MeshException.InvalidArgument("start", "The first message must say what comes.");
        context.Authorize(start.Parent);
        var app = AppName.Parse(start.Parent, "start.parent");
        files.CheckSize(start.SizeBytes);
        await apps.GetAppAsync(new GetAppRequest { Name = app.ToString() }, cancellationToken: cancellation);

        var file = await files.StoreAsync(Chunks(requestStream, cancellation), start.Digest, cancellation);
        var source = await store.AddAsync(app, file, GitOrigin.None, context.Principal().Subject, cancellation);
        return new UploadSourceResponse { Source = source.ToWire() };
    }

    public override async Task<GetSourceResponse> GetSource(GetSourceRequest request, ServerCallContext context)
    {
        var source = await store.GetAsync(SourceName.Parse(request.Name), context.CancellationToken);
        return new GetSourceResponse { Source = source.ToWire() };
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Chunks(
        IAsyncStreamReader<UploadSourceRequest> stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await stream.MoveNext(cancellationToken))
        {
            if (stream.Current.MessageCase != UploadSourceRequest.MessageOneofCase.Data)
                throw MeshException.InvalidArgument("data", "Only bytes may follow the first message.");
            yield return stream.Current.Data.Memory;
        }
    }
}
