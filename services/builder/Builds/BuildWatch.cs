using System.Runtime.CompilerServices;
using Mesh.Common.Names;
using Mesh.Common.Postgres;

namespace Mesh.Builder.Builds;

/// <summary>Follows a build and its log until it ends or the program stops.</summary>
public sealed class BuildWatch(BuildStore store, BuildLogStore logs, PostgresSignals signals)
{
    // Signals may be lost with the connection that carries them; then this is how late the news is.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    /// <summary>The build as it is, then after each change; ends after the final state.</summary>
    public async IAsyncEnumerable<Build> BuildAsync(BuildName name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var news = signals.Subscribe(BuildChannels.Changes, name.Uid);
        for (var seen = 0L; ;)
        {
            var build = await store.GetAsync(name, cancellationToken);
            if (build.Revision != seen)
                yield return build;
            if (build.Ended)
                yield break;
            seen = build.Revision;
            await news.WaitAsync(Look, cancellationToken);
        }
    }

    /// <summary>The log's bytes from an offset on; ends when the build has ended and all was given.</summary>
    public async IAsyncEnumerable<byte[]> LogAsync(BuildName name, long offset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var news = signals.Subscribe(BuildChannels.Changes, name.Uid);
        while (true)
        {
            // The build is read first: a log does not grow after its end.
            var build = await store.GetAsync(name, cancellationToken);
            for (byte[] data; offset < build.LogSize && (data = await logs.ReadAsync(name.Tenant, build.Uid, offset, cancellationToken)).Length > 0; offset += data.Length)
                yield return data;
            if (build.Ended)
                yield break;
            await news.WaitAsync(Look, cancellationToken);
        }
    }
}
