using System.Formats.Tar;
using System.IO.Compression;
using Mesh.Builder.Builds;

namespace Mesh.Builder.Sources;

/// <summary>
/// Unpacks a source archive that nobody trusts. Nothing is written outside the folder, whatever names and links the archive
/// holds: the parents of a path are folders that the archive itself made, never links.
/// </summary>
public sealed class SourceArchive(ArchiveLimits limits)
{
    private const long HeaderBytes = 1536; // of one entry: a long name has two headers more

    /// <summary>Unpacks into <paramref name="folder"/>, which must be empty.</summary>
    /// <exception cref="BuildFailedException">The archive is broken or does what a source must not do.</exception>
    public async Task ExtractAsync(Stream archive, string folder, CancellationToken cancellationToken)
    {
        var extraction = new Extraction(folder, limits);
        try
        {
            await using var gzip = new GZipStream(archive, CompressionMode.Decompress, leaveOpen: true);
            await using var bounded = new BoundedStream(gzip, limits.MaxBytes + (limits.MaxEntries * HeaderBytes), TooLarge);
            await using var tar = new TarReader(bounded, leaveOpen: true);
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
                await extraction.AddAsync(entry, cancellationToken);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or FormatException or ArgumentException or NotSupportedException)
        {
            throw Extraction.Invalid("the archive is broken: it must be a whole tar, compressed with gzip", error);
        }
        if (extraction.IsEmpty)
            throw Extraction.Invalid("the archive holds no files");
    }

    private BuildFailedException TooLarge() => Extraction.Invalid($"it unpacks to more than {limits.MaxBytes >> 20:N0} MiB");
}
