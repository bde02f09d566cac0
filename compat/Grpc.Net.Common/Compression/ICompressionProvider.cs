using System.IO.Compression;

namespace Grpc.Net.Compression;

/// <summary>One way of compressing messages.</summary>
public interface ICompressionProvider
{
    /// <summary>Its name in the grpc-encoding header.</summary>
    string EncodingName { get; }

    /// <summary>A stream that compresses into the other, which stays open; null leaves the level to the provider.</summary>
    Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel);

    /// <summary>A stream that decompresses the other.</summary>
    Stream CreateDecompressionStream(Stream stream);
}
