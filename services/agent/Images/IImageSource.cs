namespace Mesh.Agent.Images;

/// <summary>Where images come from.</summary>
public interface IImageSource
{
    /// <summary>The manifest with the digest, byte for byte.</summary>
    Task<byte[]> GetManifestAsync(ImageReference image, CancellationToken cancellation);

    /// <summary>The bytes of a blob of the image's repository, from an offset on.</summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> DownloadAsync(ImageReference image, string digest, long offset, CancellationToken cancellation);
}
