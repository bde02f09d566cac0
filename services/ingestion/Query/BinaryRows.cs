using System.Runtime.CompilerServices;
using Mesh.Common.ClickHouse;
using Mesh.Common.Errors;

namespace Mesh.Ingestion.Query;

/// <summary>Reads an answer in FORMAT RowBinary whose rows are all of one length (clickhouse.com/docs, "RowBinary").</summary>
internal static class BinaryRows
{
    private const int RowsAtOnce = 1024;

    /// <summary>Whole rows, as many at once as have come. The memory is used again for the next ones.</summary>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> QueryBinaryAsync(
        this ClickHouseClient clickHouse, string sql, SqlParameters parameters, int rowBytes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var rows = await clickHouse.QueryStreamAsync(sql + "\nformat RowBinary", parameters.Values, cancellationToken);
        var buffer = new byte[rowBytes * RowsAtOnce];
        for (int length; (length = await rows.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken)) > 0;)
        {
            // The database that fails midway ends its answer with words.
            if (length % rowBytes != 0)
                throw Broken();
            yield return buffer.AsMemory(0, length);
        }
    }

    public static MeshException Broken() =>
        MeshException.Unavailable("TELEMETRY_STORE_UNAVAILABLE", "The telemetry store did not finish its answer.");
}
