using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Contracts;
using Mesh.Registry.Blobs;
using Mesh.Registry.Tests.Servers;
using Mesh.Registry.V1;

namespace Mesh.Registry.Tests.Blobs;

[Collection(SharedRegistry.Name)]
[Trait("Needs", "servers")]
public sealed class BlobServiceTests(RegistryServer server) : IDisposable
{
    private const string Parent = "tenants/acme/repositories/grpc";
    private readonly (Grpc.Net.Client.GrpcChannel Channel, CallInvoker Invoker) developer = server.Channel(Callers.Developer);

    private V1.BlobService.BlobServiceClient Blobs => new(developer.Invoker);

    public void Dispose() => developer.Channel.Dispose();

    [Fact]
    public async Task A_blob_goes_up_and_comes_down_from_any_byte()
    {
        var content = RandomNumberGenerator.GetBytes(3_000_000);
        var digest = Digest.Of(content).ToString();
        var stored = await UploadAsync(content, Guid.NewGuid(), 0);
        Assert.Equal((digest, content.Length), (stored.Digest, stored.SizeBytes));
        Assert.Equal(content.Length, (await Blobs.StatBlobAsync(new StatBlobRequest { Parent = Parent, Digest = digest })).SizeBytes);
        foreach (var offset in (int[])[0, 1, 2_999_999, 3_000_000]) Assert.Equal(content[offset..], await DownloadAsync(digest, offset));
        var beyond = await Assert.ThrowsAsync<RpcException>(() => DownloadAsync(digest, 3_000_001));
        Assert.Equal((StatusCode.OutOfRange, "OFFSET_BEYOND_END"), (beyond.StatusCode, beyond.Reason()));
    }

    [Fact]
    public async Task A_broken_upload_goes_on_where_it_stopped()
    {
        var content = RandomNumberGenerator.GetBytes(2_000_000);
        var id = Guid.NewGuid();
        using (var call = Blobs.UploadBlob())
        {
            await call.RequestStream.WriteAsync(Start(Digest.Of(content), id, 0));
            await call.RequestStream.WriteAsync(new UploadBlobRequest { Data = ByteString.CopyFrom(content, 0, 700_000) });
            await Testing.Wait.UntilAsync("the piece has come", () => Polled.IsAsync(() => OffsetAsync(id), 700_000));
        }
        var wrong = await Assert.ThrowsAsync<RpcException>(() => UploadAsync(content, id, 0));
        Assert.Equal((StatusCode.InvalidArgument, "OFFSET_MISMATCH"), (wrong.StatusCode, wrong.Reason()));
        Assert.Equal(content.Length, (await UploadAsync(content, id, (int)await OffsetAsync(id))).SizeBytes);
        var over = await Assert.ThrowsAsync<RpcException>(() => OffsetAsync(id));
        Assert.Equal((StatusCode.NotFound, "UPLOAD_NOT_FOUND"), (over.StatusCode, over.Reason()));
    }

    [Fact]
    public async Task Other_content_than_announced_is_refused()
    {
        using var call = Blobs.UploadBlob();
        await call.RequestStream.TryWriteAsync(Start(Digest.Of("announced"u8), Guid.NewGuid(), 0));
        await call.RequestStream.TryWriteAsync(new UploadBlobRequest { Data = ByteString.CopyFromUtf8("other") });
        await call.RequestStream.TryCompleteAsync();
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal((StatusCode.InvalidArgument, "DIGEST_MISMATCH"), (refused.StatusCode, refused.Reason()));
    }

    [Fact]
    public async Task A_blob_is_mounted()
    {
        await UploadAsync("to be mounted"u8.ToArray(), Guid.NewGuid(), 0);
        var digest = Digest.Of("to be mounted"u8).ToString();
        var mounted = await Blobs.MountBlobAsync(new MountBlobRequest { Parent = "tenants/acme/repositories/mounted", Digest = digest, Source = Parent });
        Assert.Equal(13, mounted.SizeBytes);
        var foreign = new MountBlobRequest { Parent = Parent, Digest = digest, Source = "tenants/other/repositories/x" };
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => Blobs.MountBlobAsync(foreign).ResponseAsync)).StatusCode);
    }

    [Fact]
    public async Task Another_tenant_gets_nothing()
    {
        await UploadAsync("private"u8.ToArray(), Guid.NewGuid(), 0);
        var (channel, invoker) = server.Channel(Callers.Stranger);
        using var closing = channel;
        var stranger = new V1.BlobService.BlobServiceClient(invoker);
        var request = new StatBlobRequest { Parent = Parent, Digest = Digest.Of("private"u8).ToString() };
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => stranger.StatBlobAsync(request).ResponseAsync)).StatusCode);
        using var call = stranger.UploadBlob();
        await call.RequestStream.TryWriteAsync(Start(Digest.Of("x"u8), Guid.NewGuid(), 0));
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync)).StatusCode);
    }

    [Fact]
    public async Task Stacks_are_read_by_everybody_and_written_by_the_platform()
    {
        using var service = server.Client(server.ServiceToken);
        await service.PushBlobAsync("stacks/rpc", "a stack");
        var (channel, invoker) = server.Channel(Callers.Stranger);
        using var closing = channel;
        var stranger = new V1.BlobService.BlobServiceClient(invoker);
        var request = new StatBlobRequest { Parent = "tenants/stacks/repositories/rpc", Digest = Digest.Of("a stack"u8).ToString() };
        Assert.Equal(7, (await stranger.StatBlobAsync(request)).SizeBytes);
        var mount = new MountBlobRequest { Parent = request.Parent, Digest = request.Digest, Source = request.Parent };
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => stranger.MountBlobAsync(mount).ResponseAsync)).StatusCode);
    }

    private static UploadBlobRequest Start(Digest digest, Guid id, long offset) => new()
    {
        Start = new UploadBlobRequest.Types.Start { Parent = Parent, Digest = digest.ToString(), UploadId = id.ToString(), Offset = offset },
    };

    private async Task<UploadBlobResponse> UploadAsync(byte[] content, Guid id, int offset)
    {
        using var call = Blobs.UploadBlob();
        var pieces = content.AsMemory(offset).ToArray().Chunk(256 << 10).Select(piece => new UploadBlobRequest { Data = ByteString.CopyFrom(piece) });
        await call.RequestStream.TryWriteAllAsync(pieces.Prepend(Start(Digest.Of(content), id, offset)).ToAsyncEnumerable());
        return await call.ResponseAsync;
    }

    private async Task<long> OffsetAsync(Guid id) =>
        (await Blobs.GetUploadAsync(new GetUploadRequest { Parent = Parent, UploadId = id.ToString() })).Offset;

    private async Task<byte[]> DownloadAsync(string digest, long offset)
    {
        using var call = Blobs.DownloadBlob(new DownloadBlobRequest { Parent = Parent, Digest = digest, Offset = offset });
        using var content = new MemoryStream();
        await foreach (var piece in call.ResponseStream.ReadAllAsync()) piece.Data.WriteTo(content);
        return content.ToArray();
    }
}
