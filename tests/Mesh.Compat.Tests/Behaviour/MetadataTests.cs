using Grpc.Core;

namespace Mesh.Compat.Tests.Behaviour;

public sealed class MetadataTests
{
    [Fact]
    public void Keys_are_compared_and_kept_in_lower_case()
    {
        Metadata headers = new() { { "X-Request-Id", "7" } };

        Assert.Equal("x-request-id", Assert.Single(headers).Key);
        Assert.Equal("7", headers.GetValue("X-REQUEST-ID"));
    }

    [Fact]
    public void The_last_of_several_entries_is_the_value_and_all_are_kept_in_order()
    {
        Metadata headers = new() { { "a", "1" }, { "b", "2" }, { "a", "3" } };

        Assert.Equal("3", headers.GetValue("a"));
        Assert.Equal(["1", "3"], headers.GetAll("a").Select(entry => entry.Value));
        Assert.Null(headers.Get("c"));
    }

    [Theory]
    [InlineData("key-bin")]
    [InlineData("two words")]
    [InlineData("schlüssel")]
    public void A_key_that_cannot_carry_text_is_refused(string key)
    {
        Assert.Throws<ArgumentException>(() => new Metadata.Entry(key, "value"));
    }

    [Fact]
    public void Bytes_need_a_key_with_the_binary_suffix_and_are_copied()
    {
        byte[] bytes = [1, 2];
        var entry = new Metadata.Entry("trace-bin", bytes);
        bytes[0] = 9;

        Assert.True(entry.IsBinary);
        Assert.Equal([1, 2], entry.ValueBytes);
        Assert.Throws<InvalidOperationException>(() => entry.Value);
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("trace", [1]));
    }

    [Fact]
    public void The_shared_empty_metadata_cannot_be_changed()
    {
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("a", "1"));
        Assert.Empty(Metadata.Empty);
    }
}
