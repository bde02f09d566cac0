namespace Mesh.Ingestion.Query;

/// <summary>Rows that are asked for at once and read later, or not at all.</summary>
internal sealed class RowStream : IAsyncDisposable
{
    private readonly CancellationTokenSource _cancellation;
    private readonly IAsyncEnumerator<ReadOnlyMemory<byte>> _rows;
    private readonly Task<bool> _begun;

    private RowStream(Func<CancellationToken, IAsyncEnumerable<ReadOnlyMemory<byte>>> ask, IReadOnlyCollection<ulong> ids, CancellationToken cancellationToken)
    {
        Ids = ids;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _rows = ask(_cancellation.Token).GetAsyncEnumerator(_cancellation.Token);
        _begun = _rows.MoveNextAsync().AsTask();
    }

    /// <summary>The series whose rows these are.</summary>
    public IReadOnlyCollection<ulong> Ids { get; }

    public static RowStream Begin(
        IReadOnlyCollection<ulong> ids, Func<CancellationToken, IAsyncEnumerable<ReadOnlyMemory<byte>>> ask, CancellationToken cancellationToken) => new(ask, ids, cancellationToken);

    /// <summary>The rows, once.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync()
    {
        for (var more = await _begun; more; more = await _rows.MoveNextAsync())
            yield return _rows.Current;
    }

    public async ValueTask DisposeAsync()
    {
        await _cancellation.CancelAsync();
        await ((Task)_begun).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _rows.DisposeAsync();
        _cancellation.Dispose();
    }
}
