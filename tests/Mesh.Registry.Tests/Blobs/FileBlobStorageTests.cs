using System.Buffers;
using System.Security.Cryptography;
using Mesh.Registry.Blobs;

namespace Mesh.Registry.Tests.Blobs;

public sealed class FileBlobStorageTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("mesh-registry-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public async Task A_blob_appears_when_it_is_published_and_not_before()
    {
        var storage = new FileBlobStorage(root);
        var digest = Digest.Of("hello world"u8);
        var id = Guid.NewGuid();
        await using (var upload = await storage.CreateUploadAsync(id, default))
        {
            await upload.AppendAsync(Bytes("hello "), default);
            await upload.AppendAsync(Bytes("world"), default);
            Assert.True(await upload.VerifyAsync(digest, default));
            await upload.FlushAsync(default);
            Assert.Null(await storage.FindAsync(digest, default));
            await upload.PublishAsync(digest, default);
        }
        Assert.Equal(11, await storage.FindAsync(digest, default));
        Assert.Equal("hello world", await ReadAsync(storage, digest));
        Assert.Null(await storage.OpenUploadAsync(id, default));
        Assert.Equal([digest], await storage.ListAsync(default).Select(blob => blob.Digest).ToListAsync());
    }

    [Fact]
    public async Task An_upload_is_resumed_by_the_same_and_by_another_process()
    {
        var (id, digest) = (Guid.NewGuid(), Digest.Of("one two three"u8));
        var first = new FileBlobStorage(root);
        await using (var upload = await first.CreateUploadAsync(id, default)) await upload.AppendAsync(Bytes("one "), default);
        await using (var upload = (await first.OpenUploadAsync(id, default))!) await upload.AppendAsync(Bytes("two "), default);

        // The second storage knows no running hash: it reads all of it again.
        var second = new FileBlobStorage(root);
        await using var last = (await second.OpenUploadAsync(id, default))!;
        Assert.Equal(8, last.Length);
        await last.AppendAsync(Bytes("three"), default);
        Assert.True(await last.VerifyAsync(digest, default));
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task Another_content_is_not_verified(string algorithm)
    {
        var storage = new FileBlobStorage(root);
        await using var upload = await storage.CreateUploadAsync(Guid.NewGuid(), default);
        await upload.AppendAsync(Bytes("abc"), default);
        var (right, wrong) = (Of(algorithm, "abc"), Of(algorithm, "abd"));
        Assert.False(await upload.VerifyAsync(wrong, default));
        Assert.True(await upload.VerifyAsync(right, default));
    }

    [Fact]
    public async Task What_was_taken_back_is_not_hashed()
    {
        var storage = new FileBlobStorage(root);
        await using var upload = await storage.CreateUploadAsync(Guid.NewGuid(), default);
        await upload.AppendAsync(Bytes("abcdef"), default);
        await upload.TruncateAsync(3, default);
        Assert.True(await upload.VerifyAsync(Digest.Of("abc"u8), default));
        await upload.TruncateAsync(0, default);
        await upload.AppendAsync(Bytes("x"), default);
        Assert.True(await upload.VerifyAsync(Digest.Of("x"u8), default));
    }

    [Fact]
    public async Task An_upload_is_open_for_one_at_a_time()
    {
        var storage = new FileBlobStorage(root);
        var id = Guid.NewGuid();
        await using (await storage.CreateUploadAsync(id, default))
            await Assert.ThrowsAsync<UploadBusyException>(async () => await storage.OpenUploadAsync(id, default));
        await using var free = await storage.OpenUploadAsync(id, default);
        Assert.NotNull(free);
    }

    [Fact]
    public async Task A_damaged_blob_is_mended_by_the_next_push_of_it()
    {
        var storage = new FileBlobStorage(root);
        var digest = Digest.Of("content"u8);
        await PublishAsync(storage, "content");
        await File.WriteAllTextAsync(storage.BlobPath(digest), "damage!");
        await PublishAsync(storage, "content");
        Assert.Equal("content", await ReadAsync(storage, digest));
    }

    [Fact]
    public async Task A_reader_keeps_what_he_opened_when_the_blob_is_removed()
    {
        var storage = new FileBlobStorage(root);
        var digest = await PublishAsync(storage, "content");
        await using var open = await storage.OpenAsync(digest, default);
        await storage.DeleteAsync(digest, default);
        Assert.Null(await storage.OpenAsync(digest, default));
        Assert.Equal("content", await new StreamReader(open!).ReadToEndAsync());
    }

    [Fact]
    public async Task Many_segments_are_written_in_order()
    {
        var storage = new FileBlobStorage(root);
        var data = RandomNumberGenerator.GetBytes(3_000_000);
        await using var upload = await storage.CreateUploadAsync(Guid.NewGuid(), default);
        await upload.AppendAsync(Segments(data, 1_000), default);
        Assert.Equal(data.Length, upload.Length);
        Assert.True(await upload.VerifyAsync(Digest.Of(data), default));
        Assert.True(await upload.VerifyAsync(Of("sha512", data), default));
    }

    private static ReadOnlySequence<byte> Bytes(string text) => new(System.Text.Encoding.UTF8.GetBytes(text));

    private static Digest Of(string algorithm, string text) => Of(algorithm, System.Text.Encoding.UTF8.GetBytes(text));

    private static Digest Of(string algorithm, byte[] data) => algorithm == "sha256"
        ? Digest.Of(data)
        : Digest.FromHash(HashAlgorithmName.SHA512, SHA512.HashData(data));

    private static ReadOnlySequence<byte> Segments(byte[] data, int size)
    {
        var first = new Segment(data.AsMemory(0, size), null);
        var last = first;
        for (var offset = size; offset < data.Length; offset += size) last = new Segment(data.AsMemory(offset, size), last);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private static async Task<Digest> PublishAsync(FileBlobStorage storage, string text)
    {
        var digest = Digest.Of(System.Text.Encoding.UTF8.GetBytes(text));
        await using var upload = await storage.CreateUploadAsync(Guid.NewGuid(), default);
        await upload.AppendAsync(Bytes(text), default);
        await upload.FlushAsync(default);
        await upload.PublishAsync(digest, default);
        return digest;
    }

    private static async Task<string> ReadAsync(FileBlobStorage storage, Digest digest)
    {
        await using var stream = await storage.OpenAsync(digest, default);
        return await new StreamReader(stream!).ReadToEndAsync();
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is null) return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
