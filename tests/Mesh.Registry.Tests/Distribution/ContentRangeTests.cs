using Mesh.Common.Errors;
using Mesh.Registry.Distribution;

namespace Mesh.Registry.Tests.Distribution;

public sealed class ContentRangeTests
{
    [Theory]
    [InlineData("0-0", 0, 1)]
    [InlineData("5-14", 5, 10)]
    [InlineData("bytes 5-14/*", 5, 10)]
    [InlineData("bytes=5-14", 5, 10)]
    public void Reads_both_forms(string text, long first, long length)
    {
        var range = ContentRange.Parse(text)!.Value;
        Assert.Equal((first, length), (range.First, range.Length));
    }

    [Theory]
    [InlineData("5")]
    [InlineData("5-")]
    [InlineData("-5")]
    [InlineData("9-5")]
    [InlineData("a-b")]
    [InlineData("0-9223372036854775807")]
    [InlineData("0-99999999999999999999")]
    public void Refuses_everything_else(string text) =>
        Assert.Equal("UPLOAD_RANGE_INVALID", Assert.Throws<MeshException>(() => ContentRange.Parse(text)).Reason);

    [Fact]
    public void Is_absent_without_a_header() => Assert.Null(ContentRange.Parse(null));
}
