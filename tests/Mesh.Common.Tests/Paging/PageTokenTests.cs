using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Paging;

namespace Mesh.Common.Tests.Paging;

public sealed class PageTokenTests
{
    [Fact]
    public void An_empty_token_asks_for_the_first_page() => Assert.Null(PageToken.Decode("", "tenants/acme"));

    [Theory]
    [InlineData("shop")]
    [InlineData("")]
    [InlineData("größer/7")]
    public void A_token_gives_its_position_back(string position) =>
        Assert.Equal(position, PageToken.Decode(PageToken.Encode(position, "tenants/acme", "state=active"), "tenants/acme", "state=active"));

    [Fact]
    public void A_token_of_another_question_is_refused()
    {
        var token = PageToken.Encode("shop", "tenants/acme", "");
        Refused(() => PageToken.Decode(token, "tenants/other", ""));
        Refused(() => PageToken.Decode(token, "tenants/acme", "x"));
        // The parts of a question cannot be moved into each other.
        Refused(() => PageToken.Decode(token, "tenants/acm", "e"));
        Refused(() => PageToken.Decode(token, "tenants/acme"));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("!!!")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAA")]
    public void Anything_else_is_refused(string token) => Refused(() => PageToken.Decode(token, "q"));

    [Fact]
    public void A_changed_position_is_refused()
    {
        var token = PageToken.Encode("shop", "q").ToCharArray();
        token[^1] = token[^1] == 'A' ? 'B' : 'A';
        Refused(() => PageToken.Decode(new string(token), "q"));
    }

    [Theory]
    [InlineData(0, 50)]
    [InlineData(7, 7)]
    [InlineData(5000, 1000)]
    public void A_page_size_is_held_within_limits(int asked, int given) => Assert.Equal(given, PageToken.Size(asked));

    [Fact]
    public void A_negative_page_size_is_refused() => Refused(() => PageToken.Size(-1));

    [Fact]
    public void An_etag_changes_with_the_revision()
    {
        ETag.Check("", 5);
        ETag.Check(ETag.Of(5), 5);
        Assert.Equal(5, ETag.Parse(ETag.Of(5)));
        Assert.Equal(StatusCode.Aborted, Assert.Throws<MeshException>(() => ETag.Check(ETag.Of(4), 5)).Code);
        Assert.Equal("ETAG_MISMATCH", Assert.Throws<MeshException>(() => ETag.Parse("nonsense")).Reason);
    }

    private static void Refused(Func<object?> action) =>
        Assert.Equal(StatusCode.InvalidArgument, Assert.Throws<MeshException>(action).Code);
}
