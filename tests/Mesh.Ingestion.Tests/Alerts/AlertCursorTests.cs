using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Paging;
using Mesh.Ingestion.Alerts;

namespace Mesh.Ingestion.Tests.Alerts;

public sealed class AlertCursorTests
{
    [Fact]
    public void A_cursor_comes_back_as_it_was_given_and_none_is_none()
    {
        var cursor = new AlertCursor(long.MaxValue, 7);
        Assert.Equal(cursor, AlertCursor.Parse(cursor.ToText("acme"), "acme"));
        Assert.Null(AlertCursor.Parse("", "acme"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1 2 3")]
    [InlineData("a b")]
    [InlineData("-1 0")]
    [InlineData("9223372036854775808 0")]
    public void What_nobody_was_given_is_refused_and_not_taken_for_a_beginning(string forged)
    {
        var refused = Assert.Throws<MeshException>(() => AlertCursor.Parse(PageToken.Encode(forged, "alerts", "acme"), "acme"));
        Assert.Equal(StatusCode.InvalidArgument, refused.Code);
    }
}
