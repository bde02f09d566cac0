using System.Security.Cryptography;
using Mesh.Builder.Images;
using Mesh.Common.Errors;

namespace Mesh.Builder.Sources;

/// <summary>An archive that is durable.</summary>
public sealed record SourceFile(string Digest, long Size);

/// <summary>The archives, by their content: the same bytes lie there once.</summary>
public sealed class SourceFiles
{
    private readonly string files;
    private readonly string uploads;
    private readonly long limit;

    public SourceFiles(BuilderOptions options)
    {
        files = Path.Combine(options.Data, "sources");
        uploads = Path.Combine(options.Data, "uploads");
        limit = options.MaxSourceBytes;
        Directory.CreateDirectory(files);
        if (Directory.Exists(uploads))
            Directory.Delete(uploads, recursive: true); // what a crash left behind
        Directory.CreateDirectory(uploads);
    }

    public Stream Open(string digest) => new FileStream(PathOf(digest), FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 17, useAsync: true);

    /// <summary>Stores an archive; nothing stays when the chunks break off, are too many or do not match.</summary>
    /// <param name="chunks">The bytes in order.</param>
    /// <param name="expectedDigest">The digest that they must have; empty means unchecked.</param>
    /// <param name="cancellationToken">Ends the upload.</param>
    public async Task<SourceFile> StoreAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> chunks, string expectedDigest, CancellationToken cancellationToken)
    {
        var path = Path.Combine(uploads, Guid.NewGuid().ToString("N"));
        try
        {
            var stored = await WriteAsync(path, chunks, cancellationToken);
            if (expectedDigest.Length > 0 && expectedDigest != stored.Digest)
                throw MeshException.InvalidArgument("DIGEST_MISMATCH", "start.digest", $"The bytes have the digest {stored.Digest}, not {expectedDigest}.");
            File.Move(path, PathOf(stored.Digest), overwrite: true);
            return stored;
        }
        catch (IOException error) when (error is not FileNotFoundException && IsDiskFull(error))
        {
            throw MeshException.ResourceExhausted("DISK_FULL", "The builder's disk is full.", TimeSpan.FromMinutes(1));
        }
        finally
        {
            File.Delete(path);
        }
    }

    public MeshException TooLarge() => MeshException.ResourceExhausted("SOURCE_TOO_LARGE", $"The source archive is larger than {limit >> 20:N0} MiB.");

    public void CheckSize(long size)
    {
        if (size > limit)
            throw TooLarge();
    }

    private async Task<SourceFile> WriteAsync(string path, IAsyncEnumerable<ReadOnlyMemory<byte>> chunks, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 17, useAsync: true);
        var start = new byte[2];
        long size = 0;
        await foreach (var chunk in chunks.WithCancellation(cancellationToken))
        {
            CheckSize(size + chunk.Length);
            for (var i = 0; i < chunk.Length && size + i < start.Length; i++)
                start[size + i] = chunk.Span[i];
            hash.AppendData(chunk.Span);
            await file.WriteAsync(chunk, cancellationToken);
            size += chunk.Length;
        }
        if (start is not [0x1f, 0x8b])
            throw MeshException.InvalidArgument("ARCHIVE_INVALID", "data", "The bytes are no tar archive that is compressed with gzip.");
        await file.FlushAsync(cancellationToken);
        file.Flush(flushToDisk: true);
        return new SourceFile(Digest.FromHash(hash.GetCurrentHash()), size);
    }

    private static bool IsDiskFull(IOException error) => (error.HResult & 0xFFFF) == 28; // ENOSPC

    private string PathOf(string digest) => Path.Combine(files, Digest.Hex(digest));
}
