using System.Runtime.CompilerServices;
using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Alerts;

/// <summary>Shows a watcher every step of a tenant's alerts once, wherever he was before.</summary>
public sealed class AlertWatch(AlertMomentStore moments, PostgresSignals signals)
{
    private const int PageSize = 500;

    /// <summary>What is open and then every step; from a cursor on what comes behind it. Once all of the past is told, a message without an alert.</summary>
    public async IAsyncEnumerable<V1.WatchAlertsResponse> FollowAsync(
        string tenant, AlertCursor? from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var cursor = from ?? new AlertCursor(await moments.LastAsync(tenant, cancellationToken), 0);
        while (cursor.Shown < cursor.Until)
        {
            var page = await moments.OpenAsync(tenant, cursor, PageSize, cancellationToken);
            foreach (var moment in page)
                yield return Tell(moment, cursor = cursor with { Shown = moment.Change });
            if (page.Count < PageSize)
                cursor = cursor with { Shown = cursor.Until };
        }

        using var steps = signals.Subscribe(AlertStore.Channel, tenant);
        for (var past = true; ; past = false)
        {
            IReadOnlyList<AlertMoment> page;
            do
            {
                page = await moments.BehindAsync(tenant, cursor, PageSize, cancellationToken);
                foreach (var moment in page)
                    yield return Tell(moment, cursor = new AlertCursor(moment.Change, moment.Change));
            }
            while (page.Count == PageSize);

            if (past)
                yield return new V1.WatchAlertsResponse { Cursor = cursor.ToText(tenant) };
            await steps.WaitAsync(cancellationToken);
        }
    }

    private static V1.WatchAlertsResponse Tell(AlertMoment moment, AlertCursor cursor) => new()
    {
        Alert = moment.ToWire(), ChangeTime = Timestamp.FromDateTimeOffset(moment.ChangeTime), Cursor = cursor.ToText(moment.Tenant),
    };
}
