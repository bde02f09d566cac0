using System.CommandLine;
using System.Globalization;
using Grpc.Core;
using Mesh.Cli.Session;
using Mesh.Ingestion.V1;

namespace Mesh.Cli.Tests.Session;

public sealed class PagedListsTests
{
    [Theory]
    [InlineData(2_500, int.MaxValue, 2_500, "")]
    [InlineData(2_000, int.MaxValue, 2_000, "")]
    [InlineData(0, int.MaxValue, 0, "")]
    [InlineData(2_500, 1_200, 1_200, "1200")]
    [InlineData(2_500, 1_000, 1_000, "1000")]
    [InlineData(2_500, 0, 1, "1")]
    public async Task All_pages_make_one_list_and_the_last_one_says_the_rest(int there, int limit, int expected, string token)
    {
        using var context = new CommandContext(new RootCommand().Parse([]), CancellationToken.None);
        var all = await context.AllAsync<ListFindingsRequest, ListFindingsResponse>((request, _) => Answer(request, there), new() { Id = "a" }, limit);
        Assert.Equal(Enumerable.Range(0, expected).Select(i => $"{i}"), all.Findings.Select(finding => finding.Id));
        Assert.Equal(token, all.NextPageToken);
        Assert.Equal(["seen"], all.UnexaminedImages);
    }

    // The token is the number of items before the page.
    private static AsyncUnaryCall<ListFindingsResponse> Answer(ListFindingsRequest request, int there)
    {
        Assert.Equal("a", request.Id);
        var first = request.PageToken.Length == 0 ? 0 : int.Parse(request.PageToken, CultureInfo.InvariantCulture);
        var count = Math.Min(request.PageSize, there - first);
        var page = new ListFindingsResponse { UnexaminedImages = { "seen" }, NextPageToken = first + count < there ? $"{first + count}" : "" };
        page.Findings.AddRange(Enumerable.Range(first, count).Select(i => new ImageFinding { Id = $"{i}" }));
        return new(Task.FromResult(page), Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => { });
    }
}
