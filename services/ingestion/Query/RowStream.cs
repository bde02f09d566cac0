using System.Buffers.Binary;
using Mesh.Common.ClickHouse;

namespace Mesh.Ingestion.Query;

/// <summary>
/// Rows in the order of series and time, each with its series in front. They are asked for at once and read later, series by series, or
/// not at all.
/// </summary>
internal sealed class RowStream : IAsyncDisposable
{
    private const int IdBytes = 8;
    private readonly int _rowBytes;
    private readonly ReadRow _read;
    private readonly CancellationTokenSource _cancellation;
    private readonly IAsyncEnumerator<ReadOnlyMemory<byte>> _pieces;
    private Task<bool> _next;
    private ReadOnlyMemory<byte> _rows;

    public RowStream(ClickHouseClient clickHouse, string sql, SqlParameters parameters, int rowBytes, ReadRow read, CancellationToken cancellationToken)
    {
        (_rowBytes, _read) = (rowBytes, read);
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _pieces = clickHouse.QueryBinaryAsync(sql, parameters, rowBytes, _cancellation.Token).GetAsyncEnumerator(_cancellation.Token);
        _next = _pieces.MoveNextAsync().AsTask();
    }

    /// <summary>Reads what stands behind the series.</summary>
    public delegate SampleRow ReadRow(ReadOnlySpan<byte> row);

    /// <summary>The series of the next row; null when there is none.</summary>
    public async ValueTask<ulong?> NextAsync()
    {
        while (_rows.IsEmpty)
        {
            if (!await _next)
                return null;
            _rows = _pieces.Current;
        }

        return Series;
    }

    /// <summary>Moves on behind the rows of a series, which the points take.</summary>
    public async ValueTask TakeAsync(ulong series, SeriesPoints points)
    {
        while (await NextAsync() == series)
        {
            while (!_rows.IsEmpty && Series == series)
            {
                points.Add(_read(_rows.Span[IdBytes.._rowBytes]));
                _rows = _rows[_rowBytes..];
            }

            if (_rows.IsEmpty)
                _next = _pieces.MoveNextAsync().AsTask();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _cancellation.CancelAsync();
        await ((Task)_next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _pieces.DisposeAsync();
        _cancellation.Dispose();
    }

    private ulong Series => BinaryPrimitives.ReadUInt64LittleEndian(_rows.Span);
}
