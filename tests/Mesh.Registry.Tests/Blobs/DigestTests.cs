using System.Text;
using Mesh.Registry.Blobs;

namespace Mesh.Registry.Tests.Blobs;

public sealed class DigestTests
{
    private static readonly string Hex = new('a', 64);

    [Theory]
    [InlineData("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")]
    [InlineData("sha512:27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd")]
    public void Reads_what_it_writes(string text)
    {
        Assert.True(Digest.TryParse(text, out var digest));
        Assert.Equal(text, digest.ToString());
        Assert.Equal(digest, digest.SameAlgorithmOf("{}"u8));
    }

    [Fact]
    public void Refuses_everything_else()
    {
        string?[] wrong =
        [
            null, "", "latest", "sha256:", Hex, $"sha256:{Hex[1..]}", $"sha256:{Hex}a", $"sha256:{Hex.ToUpperInvariant()}", $"sha512:{Hex}",
            $"md5:{Hex}", $"SHA256:{Hex}", $"sha256:{Hex[..63]}g", $"sha256:{Hex[..60]}/../", $" sha256:{Hex}",
        ];
        Assert.All(wrong, text => Assert.False(Digest.TryParse(text, out _)));
    }

    [Fact]
    public void Differs_by_content() => Assert.NotEqual(Digest.Of("a"u8), Digest.Of(Encoding.UTF8.GetBytes("b")));
}
