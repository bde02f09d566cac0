using System.Buffers;
using System.IO.Compression;
using Mesh.Common.Errors;
using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Receiving;

/// <summary>
/// A request's whole body in a pooled buffer. A small body may unpack to a huge one: what counts, and what is refused while
/// it is unpacked, is the unpacked size.
/// </summary>
public sealed class RequestBody : IDisposable
{
    /// <summary>The most that any receiver takes in one request, unpacked.</summary>
    public const int MaxBytes = 32 << 20;

    private const int Step = 64 << 10;
    private const int MaxExpected = 1 << 20;

    private readonly ByteBuffer _bytes;
    private readonly BodyBudget.Lease _lease;

    private RequestBody(ByteBuffer bytes, BodyBudget.Lease lease) => (_bytes, _lease) = (bytes, lease);

    public ReadOnlySpan<byte> Span => _bytes.Span;

    public ReadOnlyMemory<byte> Memory => _bytes.Memory;

    /// <summary>Reads the body as it was sent.</summary>
    public static Task<RequestBody> ReadRawAsync(HttpContext http, int maxBytes = MaxBytes) => ReadAsync(http, http.Request.Body, maxBytes);

    /// <summary>Reads the body, and unpacks it where its encoding says so.</summary>
    public static async Task<RequestBody> ReadAsync(HttpContext http, int maxBytes = MaxBytes)
    {
        var encoding = http.Request.Headers.ContentEncoding.ToString();
        try
        {
            await using var source = encoding switch
            {
                "" or "identity" => http.Request.Body,
                "gzip" or "x-gzip" => new GZipStream(http.Request.Body, CompressionMode.Decompress, leaveOpen: true),
                "deflate" => new ZLibStream(http.Request.Body, CompressionMode.Decompress, leaveOpen: true),
                _ => throw MeshException.InvalidArgument("content-encoding", "Only gzip and deflate are taken here."),
            };
            return await ReadAsync(http, source, maxBytes);
        }
        catch (InvalidDataException exception)
        {
            throw Unreadable(exception.Message);
        }
    }

    /// <summary>The error of a body that cannot be read.</summary>
    public static MeshException Unreadable(string why) => MeshException.InvalidArgument("body", "The body cannot be read: " + why);

    /// <summary>The error of a body that is too large; it does not help to send it again.</summary>
    public static MeshException TooLarge(int maxBytes) =>
        MeshException.ResourceExhausted(ErrorTable.TooLarge, $"A request has at most {maxBytes >> 20} MiB, unpacked.");

    public void Dispose()
    {
        _bytes.Dispose();
        _lease.Dispose();
    }

    private static async Task<RequestBody> ReadAsync(HttpContext http, Stream source, int maxBytes)
    {
        if (http.Request.ContentLength > maxBytes)
            throw TooLarge(maxBytes);
        // What is only announced takes no room of others.
        var expected = (int)Math.Min(http.Request.ContentLength ?? Step, MaxExpected);
        var budget = http.RequestServices.GetRequiredService<BodyBudget>();
        var lease = budget.Take(0, HttpSender.CallerOf(http));
        var bytes = new ByteBuffer(expected + 1);
        var step = ArrayPool<byte>.Shared.Rent(Step);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        patience.CancelAfter(budget.Patience);
        try
        {
            for (int read; (read = await source.ReadAsync(step, patience.Token)) > 0;)
            {
                if (bytes.Length + read > maxBytes)
                    throw TooLarge(maxBytes);
                lease.Cover(bytes.Length + read);
                bytes.Write(step.AsSpan(0, read));
            }

            return new RequestBody(bytes, lease);
        }
        catch (Exception exception)
        {
            bytes.Dispose();
            lease.Dispose();
            if (exception is OperationCanceledException && !http.RequestAborted.IsCancellationRequested)
                throw BodyBudget.TooSlow();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(step);
        }
    }
}
