using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Mesh.Cli.Session;

/// <summary>Walks through lists that come in pages.</summary>
internal static class PagedLists
{
    private const int MaxPageSize = 1000;

    /// <summary>
    /// All pages of a list as one response: the items of all, and of everything else what the last page says. Where the limit
    /// ends the list, its token stands for the rest.
    /// </summary>
    public static async Task<TResponse> AllAsync<TRequest, TResponse>(
        this CommandContext context, Func<TRequest, CallOptions, AsyncUnaryCall<TResponse>> list, TRequest request, int limit = int.MaxValue)
        where TRequest : IMessage
        where TResponse : class, IMessage
    {
        var options = new CallOptions(cancellationToken: context.CancellationToken);
        var all = new List<object>();
        while (true)
        {
            Field(request, "page_size").SetValue(request, Math.Clamp(limit - all.Count, 1, MaxPageSize));
            var page = await list(request, options);
            var items = ItemsOf(page);
            all.AddRange(items.Cast<object>());
            var next = (string)Field(page, "next_page_token").GetValue(page);
            if (next.Length == 0 || all.Count >= limit)
            {
                items.Clear();
                foreach (var item in all) items.Add(item);
                return page;
            }
            Field(request, "page_token").SetValue(request, next);
        }
    }

    // The items are the first field of a list's response (AIP-158).
    private static IList ItemsOf(IMessage page) => (IList)page.Descriptor.FindFieldByNumber(1).Accessor.GetValue(page);

    private static IFieldAccessor Field(IMessage message, string name) => message.Descriptor.FindFieldByName(name).Accessor;
}
