using System.Runtime.CompilerServices;

namespace Mesh.Client;

/// <summary>Walks through lists that come in pages.</summary>
public static class Pages
{
    /// <summary>All items, page after page.</summary>
    /// <param name="page">Fetches the page that a token stands for; the empty token stands for the first.</param>
    /// <param name="cancellationToken">Ends the walk.</param>
    public static async IAsyncEnumerable<T> AllAsync<T>(
        Func<string, Task<(IEnumerable<T> Items, string NextPageToken)>> page, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var token = "";
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (items, next) = await page(token);
            foreach (var item in items) yield return item;
            token = next;
        }
        while (token.Length > 0);
    }
}
