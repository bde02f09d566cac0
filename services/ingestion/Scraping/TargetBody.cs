using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Receiving;

namespace Mesh.Ingestion.Scraping;

/// <summary>What a target answered.</summary>
/// <param name="bytes">The body, unpacked.</param>
/// <param name="lease">Its room.</param>
/// <param name="type">The media type; empty where none was stated.</param>
/// <param name="ends">Whether the answer's own form shows that nothing of it is missing.</param>
public sealed class TargetBody(ByteBuffer bytes, BodyBudget.Lease lease, string type, bool ends) : IDisposable
{
    public string Type => type;

    public ReadOnlyMemory<byte> Memory => bytes.Memory;

    /// <summary>The body as text. One that ends within a line was cut off, where nothing else shows its end.</summary>
    public TextReader Text()
    {
        if (!Utf8.IsValid(bytes.Span))
            throw new ScrapeException("The target's text is not UTF-8.");
        if (!ends && bytes.Length > 0 && bytes.Span[^1] != '\n')
            throw new ScrapeException("The target's text ends within a line.");
        MemoryMarshal.TryGetArray(bytes.Memory, out var array);
        return new StreamReader(new MemoryStream(array.Array!, array.Offset, array.Count, writable: false), Encoding.UTF8);
    }

    public void Dispose()
    {
        bytes.Dispose();
        lease.Dispose();
    }
}
