using Google.Protobuf;

namespace Mesh.Ingestion.Query;

/// <summary>Cuts answers into messages that every client takes: many do not take more than 4 MiB.</summary>
internal static class Pages
{
    /// <summary>The most items of a message.</summary>
    public const int MaxItems = 500;

    /// <summary>A message ends with the item that brings it to this size. No item comes near the rest of what a client takes.</summary>
    public const int MaxBytes = 1 << 20;

    public static async IAsyncEnumerable<List<T>> OfAsync<T>(IAsyncEnumerable<T> items)
        where T : IMessage
    {
        var (page, bytes) = (new List<T>(), 0);
        await foreach (var item in items)
        {
            page.Add(item);
            bytes += item.CalculateSize();
            if (page.Count < MaxItems && bytes < MaxBytes)
                continue;
            yield return page;
            (page, bytes) = ([], 0);
        }

        if (page.Count > 0)
            yield return page;
    }
}
